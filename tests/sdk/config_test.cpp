// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <weft/config.hpp>

namespace weft {
namespace {

std::string string_of(const std::string& json) {
  return *detail::FlatJson("{\"key\": " + json + "}").find("key");
}

TEST(FlatJson, DecodesEscapes) {
  EXPECT_EQ(string_of(R"("a\"b\\c\/d")"), "a\"b\\c/d");
  EXPECT_EQ(string_of(R"("line\nnext\ttab\r\b\f")"), "line\nnext\ttab\r\b\f");
  EXPECT_EQ(string_of(R"("\u0041\u00e9\u20ac")"), "A\u00e9\u20ac");
  EXPECT_EQ(string_of("\"\u00e9\""), "\u00e9");
}

TEST(FlatJson, KeepsOtherValuesAsText) {
  EXPECT_EQ(string_of("-1.5e3"), "-1.5e3");
  EXPECT_EQ(string_of("true"), "true");
  EXPECT_EQ(string_of("[1, [2, 3]]"), "[1, [2, 3]]");
}

TEST(Quote, IsUndoneByReading) {
  const std::string text = "a\"\\\n\x01 \u00e9";
  EXPECT_EQ(string_of(detail::quote(text)), text);
}

TEST(Number, IsReadToItsLastBit) {
  for (const double number :
       {0.1, -2.5e3, 1e-5, 3e-320, 1.7976931348623157e308, 0.30000000000000004})
    EXPECT_EQ(detail::number_in(detail::number(number)), number);
  EXPECT_EQ(detail::number_in("64.0"), 64.0);
}

TEST(FlatJson, TakesNestedValuesWhole) {
  const detail::FlatJson json(R"({"a": {"b": "}\"]", "c": [1]}, "d": ["x,", "\\"], "e": 2})");
  EXPECT_EQ(*json.find("a"), R"({"b": "}\"]", "c": [1]})");
  EXPECT_EQ(*json.find("d"), R"(["x,", "\\"])");
  EXPECT_EQ(*json.find("e"), "2");
  EXPECT_EQ(detail::FlatJson::items(R"([ "a,]", {"b": [1, 2]}, [], 3 ])"),
            (std::vector<std::string>{"a,]", R"({"b": [1, 2]})", "[]", "3"}));
  EXPECT_TRUE(detail::FlatJson::items(" [ ] ").empty());
}

struct Stage {
  std::int64_t channels = 8;
  std::vector<double> rates{0.5};

  void describe(Fields& fields) {
    fields.add("channels", channels, "Channels.").at_least(1);
    fields.add("rates", rates, "Rates.").at_least(0.0).below(1.0).length(1, 3);
  }
};

struct Nested {
  Stage stem{4, {}};
  std::vector<Stage> stages{{16, {0.25}}};
  std::vector<std::string> words{"a"};
  std::vector<bool> flags;

  void describe(Fields& fields) {
    fields.add("stem", stem, "First.");
    fields.add("stages", stages, "Then.").length(1, 8);
    fields.add("words", words, "Of two.").one_of({"a", "b"});
    fields.add("flags", flags, "Yes or no.");
  }
};

TEST(Fields, PublishListsAndObjectsInTheSchema) {
  Fields fields;
  Nested nested;
  nested.describe(fields);
  const std::string stage =
      R"("additionalProperties":false,"properties":{"channels":{"type":"integer","default":)";
  const std::string rates =
      R"(,"description":"Rates.","items":{"type":"number","minimum":0,"exclusiveMaximum":1}}})";
  EXPECT_EQ(fields.schema(),
            R"({"type":"object","additionalProperties":false,"properties":{)"
            R"("flags":{"type":"array","default":[],"description":"Yes or no.",)"
            R"("items":{"type":"boolean"}},)"
            R"("stages":{"minItems":1,"maxItems":8,"type":"array",)"
            R"("default":[{"channels":16,"rates":[0.25]}],"description":"Then.",)"
            R"("items":{"type":"object",)" +
                stage +
                R"(8,"description":"Channels.","minimum":1},)"
                R"("rates":{"minItems":1,"maxItems":3,"type":"array","default":[0.5])" +
                rates + R"(}},"stem":{"type":"object","default":{},"description":"First.",)" +
                stage +
                R"(4,"description":"Channels.","minimum":1},)"
                R"("rates":{"minItems":1,"maxItems":3,"type":"array","default":[])" +
                rates +
                R"(},"words":{"type":"array","default":["a"],"description":"Of two.",)"
                R"("items":{"type":"string","enum":["a","b"]}}}})");
}

TEST(Fields, ReadListsAndObjects) {
  Fields fields(R"({"stem": {"channels": 3, "rates": [0.1, 2e-1]}, "words": ["b", "a\"]"],
                    "stages": [{"rates": []}, {"channels": 5}], "flags": [true, false]})");
  Nested nested;
  nested.describe(fields);
  EXPECT_EQ(nested.stem.channels, 3);
  EXPECT_EQ(nested.stem.rates, (std::vector<double>{0.1, 0.2}));
  ASSERT_EQ(nested.stages.size(), 2u);
  EXPECT_TRUE(nested.stages[0].rates.empty());
  EXPECT_EQ(nested.stages[0].channels, 8);
  EXPECT_EQ(nested.stages[1].channels, 5);
  EXPECT_EQ(nested.words, (std::vector<std::string>{"b", "a\"]"}));
  EXPECT_EQ(nested.flags, (std::vector<bool>{true, false}));
}

TEST(Fields, ScalarsKeepTheirSchema) {
  Fields fields;
  std::int64_t dim = 64;
  double rate = 0.5;
  bool bias = true;
  std::string kind = "a";
  fields.add("dim", dim, "Width.").at_least(1);
  fields.add("rate", rate, "Share.").below(1.0);
  fields.add("bias", bias, "Add one.");
  fields.add("kind", kind, "Which.").one_of({"a"});
  EXPECT_EQ(fields.schema(),
            R"({"type":"object","additionalProperties":false,"properties":{)"
            R"("bias":{"type":"boolean","default":true,"description":"Add one."},)"
            R"("dim":{"type":"integer","default":64,"description":"Width.","minimum":1},)"
            R"("kind":{"type":"string","default":"a","description":"Which.","enum":["a"]},)"
            R"("rate":{"type":"number","default":0.5,"description":"Share.",)"
            R"("exclusiveMaximum":1}}})");
}

}  // namespace
}  // namespace weft
