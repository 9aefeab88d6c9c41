// SPDX-License-Identifier: Apache-2.0
#include "host/base/strict_json.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

std::string problem_of(const std::string& text) {
  try {
    parse_strictly(text);
    return "nothing";
  } catch (const std::invalid_argument& problem) {
    return problem.what();
  }
}

std::string nested(int depth) {
  const auto count = static_cast<std::size_t>(depth);
  return std::string(count, '[') + std::string(count, ']');
}

TEST(StrictJson, ParsesWhatTheLibraryParses) {
  const std::string text = R"({"a": [1, 2.5, "x", null, true], "b": {"a": {}}})";
  EXPECT_EQ(parse_strictly(text), nlohmann::json::parse(text));
}

TEST(StrictJson, RefusesAKeyGivenTwiceInOneObject) {
  EXPECT_EQ(problem_of(R"({"a": 1, "b": 2, "a": 3})"), "the key \"a\" is given twice");
  EXPECT_EQ(problem_of(R"({"x": [{"a": 1}, {"k": 2, "k": 3}]})"), "the key \"k\" is given twice");
  EXPECT_EQ(problem_of(R"({"a": 1, "\u0061": 2})"), "the key \"a\" is given twice");
}

TEST(StrictJson, AllowsAKeyInSeveralObjects) {
  EXPECT_EQ(problem_of(R"([{"a": 1}, {"a": {"a": 2}}, {"b": {"c": 1}, "d": {"c": 1}}])"),
            "nothing");
}

TEST(StrictJson, RefusesDeepNesting) {
  EXPECT_EQ(problem_of(nested(16)), "nothing");
  EXPECT_EQ(problem_of(nested(17)), "it is nested more than 16 deep");
  EXPECT_EQ(problem_of(std::string(1'000'000, '[')), "it is nested more than 16 deep");
}

TEST(StrictJson, SaysWhereTheTextStopsBeingJson) {
  EXPECT_EQ(problem_of("{\"a\": }"), "it is not JSON from byte 7 on");
  EXPECT_EQ(problem_of("{} {}"), "it is not JSON from byte 4 on");
  EXPECT_EQ(problem_of(""), "it is not JSON from byte 1 on");
  EXPECT_EQ(problem_of("{\"a\": NaN}"), "it is not JSON from byte 7 on");
  EXPECT_EQ(problem_of("{\"\xff\": 1}"), "it is not JSON from byte 3 on");
}

TEST(StrictJson, RefusesANumberBeyondADouble) {
  EXPECT_EQ(problem_of("[1e999]"), "it holds a number that is too large");
}

TEST(StrictJson, RefusesAZeroByte) {
  EXPECT_EQ(problem_of(std::string("{}\0", 3)), "it is not JSON from byte 3 on");
  EXPECT_EQ(problem_of(std::string("{\"a\0\": 1}", 9)), "it is not JSON from byte 4 on");
}

TEST(StrictJson, BoundsAreTheReaders) {
  const auto parsed = parse_strictly(R"({"a": {"b": 1, "b": [2]}})", {3, 1});
  EXPECT_EQ(parsed, nlohmann::json::parse(R"({"a": {"b": [2]}})")) << "the last one counts";
  EXPECT_THROW(parse_strictly(R"({"a": 1, "a": 1})", {3, 1}), std::invalid_argument);
  EXPECT_THROW(parse_strictly("[[[[]]]]", {3, 1}), std::invalid_argument);
  EXPECT_EQ(parse_strictly(R"({"a": 1, "a": 2})", {3, 0}), nlohmann::json::parse(R"({"a": 2})"));
}

TEST(StrictJson, KeepsTheOrderOfKeys) {
  const std::string text = R"({"z":[1,{"b":2.5,"a":null}],"a":{"c":"x","b":-1}})";
  EXPECT_EQ(parse_in_order(text, 3).dump(), text);
  EXPECT_THROW(parse_in_order(R"({"a": {"b": 1, "b": 1}})", 3), std::invalid_argument);
  EXPECT_THROW(parse_in_order("[[[[]]]]", 3), std::invalid_argument);
}

/// In lists and objects of so many elements a reader that looks at all of them again for each one
/// takes hours.
TEST(StrictJson, TakesTimeThatGrowsWithTheLengthAlone) {
  constexpr int k_count = 1'000'000;
  std::string lists = "[", objects = "[", keys = "{", nested = "{\"a\": [";
  for (int i = 0; i < k_count; ++i) {
    lists += "[],";
    objects += "{},";
    keys += concat("\"", i, "\":{},");
    nested += "[{}],";
  }
  const std::clock_t begin = std::clock();
  EXPECT_EQ(parse_strictly(lists + "[]]").size(), k_count + 1);
  EXPECT_EQ(parse_strictly(objects + "{}]").size(), k_count + 1);
  EXPECT_EQ(parse_strictly(keys + "\"x\":{}}").size(), k_count + 1);
  EXPECT_EQ(parse_strictly(nested + "[]]}").at("a").size(), k_count + 1);
  EXPECT_EQ(parse_in_order(keys + "\"x\":{}}", 3).size(), k_count + 1);
  EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 120) << "seconds of processor time";
}

TEST(Shown, QuotesAndEscapes) {
  EXPECT_EQ(shown("a"), "\"a\"");
  EXPECT_EQ(shown("a\"b\n"), "\"a\\\"b\\n\"");
  EXPECT_EQ(shown("größe"), "\"größe\"");
}

TEST(Shown, CutsWhatIsLong) {
  EXPECT_EQ(shown(std::string(100, 'x')), "\"" + std::string(100, 'x') + "\"");
  EXPECT_EQ(shown(std::string(101, 'x')), "\"" + std::string(100, 'x') + "…\"");
}

TEST(Shown, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(shown("a\xff"), "\"a\xef\xbf\xbd\"");
  EXPECT_EQ(shown(std::string(99, 'x') + "ö…"),  // cut within the ö
            "\"" + std::string(99, 'x') + "\xef\xbf\xbd…\"");
}

}  // namespace
}  // namespace weft::host
