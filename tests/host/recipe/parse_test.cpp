// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::test {
namespace {

using namespace weft::host;

std::optional<Value> parse(const std::string& text, Findings& findings) {
  return parse_json(text, std::make_shared<const std::string>("p.json"), findings);
}

std::string refusal(const std::string& text) {
  Findings findings;
  const bool usable = parse(text, findings).has_value();
  EXPECT_EQ(usable, findings.problems().empty());
  return findings.problems().empty() ? "" : findings.problems().front().sentence();
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Parse, EveryValueKnowsItsLine) {
  Findings findings;
  const auto value =
      parse("{\n  \"a\": 1\n,\n  \"b\": 2.5\n, \"c\": [\n\"x\",\ntrue\n,null ]\n}\n", findings);
  ASSERT_TRUE(value);
  const auto all = places(*value);
  EXPECT_EQ(all.at("/a").line, 2) << "the newline that ends a number is not part of it";
  EXPECT_EQ(all.at("/b").line, 4);
  EXPECT_EQ(all.at("/c").line, 5);
  EXPECT_EQ(all.at("/c/0").line, 6);
  EXPECT_EQ(all.at("/c/1").line, 7);
  EXPECT_EQ(all.at("/c/2").line, 8);
}

TEST(Parse, ANumberAtTheEndOfTheTextKnowsItsLine) {
  Findings findings;
  const auto value = parse("\n\n17", findings);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->origin.line, 3);
  EXPECT_EQ(*value->integer(), 17);
}

TEST(Parse, IntegersAndRealsAreToldApart) {
  Findings findings;
  EXPECT_NE(parse("9223372036854775807", findings)->integer(), nullptr);
  EXPECT_NE(parse("-9223372036854775808", findings)->integer(), nullptr);
  EXPECT_EQ(parse("1.0", findings)->integer(), nullptr);
  EXPECT_EQ(parse("1e3", findings)->number(), 1000.0);
}

TEST(Parse, RefusesDuplicateKeys) {
  EXPECT_EQ(refusal("{\"a\": {\"b\": 1,\n\"c\": 2,\n\"b\": 3}}"),
            "p.json:3:1: /a/b: this key is given twice in one object. Remove one of the two.");
  Findings findings;
  EXPECT_FALSE(parse("{\"a\":1,\"a\":2,\n\"b\":1,\"b\":2}", findings));
  EXPECT_EQ(findings.problems().size(), 2u) << "all duplicates are reported at once";
}

TEST(Parse, RefusesDeepNesting) {
  EXPECT_EQ(refusal(nested(64)), "");
  EXPECT_THAT(refusal(nested(65)),
              testing::EndsWith("objects and arrays are nested more than 64 deep."));
  EXPECT_THAT(refusal(std::string(1 << 20, '[')), testing::HasSubstr("more than 64 deep"));
}

TEST(Parse, RefusesNumbersThatDoNotFit) {
  EXPECT_EQ(refusal("{\"a\":\n1e400}"),
            "p.json:2:1: /a: the number 1e400 is too large for a double.");
  EXPECT_EQ(
      refusal("{\"a\": 9223372036854775808}"),
      "p.json:1:7: /a: the integer 9223372036854775808 does not fit into 64 bits with a sign.");
  EXPECT_EQ(
      refusal("[0, 18446744073709551616]"),
      "p.json:1:5: /1: the integer 18446744073709551616 does not fit into 64 bits with a sign.");
  EXPECT_EQ(refusal("-9223372036854775809"),
            "p.json:1:1: the integer -9223372036854775809 does not fit into 64 bits with a sign.");
}

TEST(Parse, RefusesWhatIsNotPlainJson) {
  EXPECT_EQ(refusal("\xEF\xBB\xBF{}"),
            "p.json:1:1: the file begins with a byte order mark. Save it without one.");
  EXPECT_EQ(refusal(std::string("{}\n\0x", 5)), "p.json:2: the text holds a zero byte. Remove it.");
  EXPECT_EQ(refusal("[\"a\\u0000b\"]"),
            "p.json:1:2: /0: the string holds the character U+0000. Remove it.");
  EXPECT_EQ(refusal("{\"a\": NaN}"),
            "p.json:1:7: /a: not valid JSON: invalid literal near \"N\". The words of JSON are "
            "true, false and null; NaN is no number of it.");
  EXPECT_EQ(refusal("[Infinity]"),
            "p.json:1:2: /0: not valid JSON: invalid literal near \"I\". The words of JSON are "
            "true, false and null; NaN is no number of it.");
  EXPECT_EQ(refusal("[1] 2"),
            "p.json:1:5: not valid JSON: unexpected number literal; expected end of input.");
  EXPECT_THAT(refusal("[\"\xff\"]"), testing::HasSubstr("invalid string: ill-formed UTF-8 byte"));
  EXPECT_THAT(refusal("// no\n{}"),
              testing::HasSubstr("p.json:1:1: not valid JSON: invalid literal"));
}

TEST(Parse, SyntaxErrorsNameTheLineAndTheCommonSlip) {
  EXPECT_EQ(refusal("{\n  \"a\": [1,\n  ]\n}"),
            "p.json:3:3: /a/1: not valid JSON: unexpected ']'; expected a value. Remove the "
            "comma before it.");
  EXPECT_EQ(refusal("{\n  \"a\": 1,\n}"),
            "p.json:3:1: /a: not valid JSON: unexpected '}'; expected string literal. "
            "Remove the comma before it.");
  EXPECT_EQ(refusal("{\n\"a\": 1\n\"b\": 2}"),
            "p.json:3:3: /a: not valid JSON: unexpected string literal; expected ',' or '}'.");
  EXPECT_EQ(refusal(""), "p.json:1:1: not valid JSON: unexpected end of input; expected a value.");
  EXPECT_THAT(refusal("{\"a\": "), testing::HasSubstr("unexpected end of input"));
}

TEST(Parse, NoPrefixOfARecipeCrashesTheParser) {
  const std::string text = R"({"a": [1, -2.5e3, "x\u00e9\ud83d\ude00", true, null, {"b": {}}]})";
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_NE(refusal(text.substr(0, size)), "") << size;
}

}  // namespace
}  // namespace weft::test
