// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::test {
namespace {

using host::Problem;
using testing::ElementsAre;
using testing::HasSubstr;

struct Outcome {
  std::string value;
  std::vector<std::string> sentences;
};

Outcome check(const std::string& schema, const std::string& value) {
  std::vector<Problem> problems;
  Outcome outcome;
  const auto locate = [](const std::string& pointer, host::PlaceOf) {
    return Problem{"r.json", 3, pointer, ""};
  };
  outcome.value = host::validate(schema, value, locate, "/graph/n/config", problems);
  for (const Problem& problem : problems) {
    EXPECT_EQ(problem.file, "r.json");
    EXPECT_EQ(problem.line, 3);
    outcome.sentences.push_back(problem.pointer + ": " + problem.text);
  }
  return outcome;
}

/// What is wrong with `value` as the only field of a configuration.
std::vector<std::string> field(const std::string& schema, const std::string& value) {
  return check(
             R"({"type":"object","additionalProperties":false,"properties":{"f":)" + schema + "}}",
             "{\"f\":" + value + "}")
      .sentences;
}

const std::string k_part = R"({"type": "object", "additionalProperties": false, "properties": {
  "dim": {"type": "integer", "default": 256, "minimum": 1, "description": "Width."},
  "rate": {"type": "number", "default": 0.1, "minimum": 0, "exclusiveMaximum": 1},
  "mode": {"type": "string", "default": "mean", "enum": ["mean", "last"]},
  "bias": {"type": "boolean", "default": true}}})";

TEST(Schema, FillsInDefaults) {
  const Outcome outcome = check(k_part, R"({"mode":"last"})");
  EXPECT_EQ(outcome.value, R"({"mode":"last","dim":256,"rate":0.1,"bias":true})");
  EXPECT_TRUE(outcome.sentences.empty());
}

TEST(Schema, FillsInDefaultsOfDefaults) {
  EXPECT_EQ(check(R"({"properties":{"a":{"default":{},"$ref":"#/$defs/a"}},
                      "$defs":{"a":{"type":"object","properties":{"b":{"default":[1]}}}}})",
                  "{}")
                .value,
            R"({"a":{"b":[1]}})");
}

TEST(Schema, AnIntegerMayBeWrittenAsAReal) {
  EXPECT_THAT(check(k_part, R"({"dim":16.0,"rate":0})").value, HasSubstr(R"("dim":16,"rate":0)"));
}

TEST(Schema, ReportsEverythingAtOnce) {
  EXPECT_THAT(
      check(k_part, R"({"dmi":1,"dim":"four","rate":1,"mode":"lats","bias":1})").sentences,
      ElementsAre("/graph/n/config/dmi: unknown key. Did you mean \"dim\"?",
                  "/graph/n/config/dim: expected an integer of at least 1, found \"four\".",
                  "/graph/n/config/rate: expected a number of at least 0 and below 1, found 1.",
                  "/graph/n/config/mode: expected one of \"mean\" and \"last\", found \"lats\". "
                  "Did you mean \"last\"?",
                  "/graph/n/config/bias: expected true or false, found 1."));
}

TEST(Schema, SentencesSayWhatWasExpectedAndFound) {
  EXPECT_THAT(field(R"({"type":"integer"})", "1.5"),
              ElementsAre("/graph/n/config/f: expected an integer, found 1.5."));
  EXPECT_THAT(field(R"({"type":"number","exclusiveMinimum":0})", "0"),
              ElementsAre("/graph/n/config/f: expected a number above 0, found 0."));
  EXPECT_THAT(field(R"({"type":"number","minimum":0,"maximum":0.5})", "0.6"),
              ElementsAre("/graph/n/config/f: expected a number from 0 to 0.5, found 0.6."));
  EXPECT_THAT(field(R"({"type":"integer","maximum":3})", "4"),
              ElementsAre("/graph/n/config/f: expected an integer of at most 3, found 4."));
  EXPECT_THAT(field(R"({"type":"array","items":{"type":"string"}})", "[\"a\",2,{}]"),
              ElementsAre("/graph/n/config/f/1: expected a string, found 2.",
                          "/graph/n/config/f/2: expected a string, found {}."));
  EXPECT_THAT(field(R"({"type":"array","minItems":2,"maxItems":2})", "[1]"),
              ElementsAre("/graph/n/config/f: expected an array of 2 items, found [1]."));
  EXPECT_THAT(field(R"({"type":"array","minItems":1})", "[]"),
              ElementsAre("/graph/n/config/f: expected an array of at least 1 item, found []."));
  EXPECT_THAT(field(R"({"type":"object","minProperties":1})", "{}"),
              ElementsAre("/graph/n/config/f: expected an object of at least 1 member, found {}."));
  EXPECT_THAT(field(R"({"type":["string","integer"]})", "null"),
              ElementsAre("/graph/n/config/f: expected a string or an integer, found null."));
  EXPECT_THAT(field(R"({"type":"integer"})", "[\"" + std::string(99, 'x') + "\"]"),
              ElementsAre("/graph/n/config/f: expected an integer, found an array of 1 item."));
  EXPECT_THAT(
      field(R"({"type":"integer"})", "\"" + std::string(99, 'x') + "\""),
      ElementsAre("/graph/n/config/f: expected an integer, found a string of 99 characters."));
  EXPECT_THAT(field(R"({"const":1})", "2"), ElementsAre("/graph/n/config/f: expected 1, found 2."));
  EXPECT_THAT(
      field(R"({"type":"string","format":"json-pointer"})", "\"a\""),
      ElementsAre(
          "/graph/n/config/f: expected a JSON pointer such as \"/question\", found \"a\"."));
  EXPECT_THAT(field("false", "2"), ElementsAre("/graph/n/config/f: nothing may stand here."));
  EXPECT_TRUE(field("true", "2").empty());
}

TEST(Schema, NamesMissingKeysAndWhatBelongsThere) {
  EXPECT_THAT(check(R"({"type":"object","required":["a","b"],"properties":{
                        "a":{"type":"integer","minimum":1}}})",
                    "{}")
                  .sentences,
              ElementsAre("/graph/n/config: missing key \"a\", an integer of at least 1.",
                          "/graph/n/config: missing key \"b\"."));
}

TEST(Schema, ChoosesAnAlternativeByType) {
  const std::string schema = R"({"anyOf":[{"type":"number","minimum":0},
                                          {"type":"array","items":{"type":"integer"}}]})";
  EXPECT_TRUE(field(schema, "1").empty());
  EXPECT_THAT(field(schema, "-1"),
              ElementsAre("/graph/n/config/f: expected a number of at least 0, found -1."));
  EXPECT_THAT(field(schema, "[0.5]"),
              ElementsAre("/graph/n/config/f/0: expected an integer, found 0.5."));
  EXPECT_THAT(
      field(schema, "\"x\""),
      ElementsAre("/graph/n/config/f: expected a number of at least 0 or an array, found \"x\"."));
}

TEST(Schema, ChoosesAnAlternativeByKind) {
  const std::string schema = R"({"oneOf":[
    {"type":"object","required":["size"],
     "properties":{"kind":{"const":"image"},"size":{"type":"integer"}}},
    {"type":"object","properties":{"kind":{"const":"text"}},"additionalProperties":false}]})";
  EXPECT_TRUE(field(schema, R"({"kind":"text"})").empty());
  EXPECT_THAT(field(schema, R"({"kind":"image"})"),
              ElementsAre("/graph/n/config/f: missing key \"size\", an integer."));
  EXPECT_THAT(field(schema, R"({"kind":"text","size":1})"),
              ElementsAre("/graph/n/config/f/size: unknown key. Known: kind."));
  EXPECT_THAT(field(schema, R"({"kind":"imagge"})"),
              ElementsAre("/graph/n/config/f/kind: expected one of \"image\" and \"text\", found "
                          "\"imagge\". Did you mean \"image\"?"));
  EXPECT_THAT(
      field(schema, "{}"),
      ElementsAre("/graph/n/config/f: missing key \"kind\": one of \"image\" and \"text\"."));
  EXPECT_THAT(field(schema, "3"), ElementsAre("/graph/n/config/f: expected an object, found 3."));
}

TEST(Schema, RefusesASchemaThatItCannotCheck) {
  for (const auto& [schema, reason] :
       {std::pair(R"({"type":"object","minimun":0})",
                  "keyword \"minimun\" is not one that Weft checks. Did you mean \"minimum\"?"),
        std::pair(R"({"$ref":"#/$defs/gone"})", "\"$ref\" leads nowhere: \"#/$defs/gone\"."),
        std::pair(R"({"$ref":"http://x/y"})",
                  "\"$ref\" must begin with \"#\", found \"http://x/y\"."),
        std::pair(R"({"$ref":"#"})", "its references form a loop."),
        std::pair("[1]", "expected an object, found [1]."),
        std::pair(
            "{",
            "schema:1:1: not valid JSON: unexpected end of input; expected string literal.")}) {
    try {
      check(schema, "{}");
      ADD_FAILURE() << schema;
    } catch (const host::Error& error) {
      EXPECT_EQ(error.exit(), host::Exit::plugin);
      EXPECT_EQ(std::string(error.what()), std::string("the schema itself is wrong: ") + reason);
    }
  }
}

TEST(Schema, AValueThatIsNoJsonIsAProblem) {
  EXPECT_THAT(
      check(k_part, "{").sentences,
      ElementsAre("/graph/n/config: not valid JSON: unexpected end of input; expected string "
                  "literal."));
}

}  // namespace
}  // namespace weft::test
