// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/value.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "host/recipe/parse.hpp"

namespace weft::test {
namespace {

using namespace weft::host;
using testing::ElementsAre;

Value parsed(const std::string& text) {
  Findings findings;
  auto value = parse_json(text, std::make_shared<const std::string>("v.json"), findings);
  EXPECT_TRUE(value) << text;
  return value.value_or(Value{});
}

TEST(Value, CompactTextReadsBackAsItWas) {
  for (const std::string text :
       {R"({"b":1,"a":[true,null,-2.5,"x\"\\\n\t\u0001é"],"c":{}})", "9223372036854775807",
        "-9223372036854775808", "0.1", "1e-08", "1.0", "1e+300", "[]"})
    EXPECT_EQ(compact(parsed(text)), text);
}

TEST(Value, RealsStayRealsAndKeepTheirPrecision) {
  for (const double number : {1.0, -3.0, 1.0 / 3.0, 5e-324, 1.7976931348623157e308}) {
    const Value again = parsed(compact({number, {}}));
    EXPECT_EQ(again.integer(), nullptr);
    EXPECT_EQ(again.number(), number);
  }
}

TEST(Value, PrettyTextIndentsObjectsAndKeepsShortArraysOnOneLine) {
  EXPECT_EQ(pretty(parsed(R"({"a":{"size":[8,9],"none":{}},"list":[{"x":1}]})")),
            "{\n"
            "  \"a\": {\n"
            "    \"size\": [8, 9],\n"
            "    \"none\": {}\n"
            "  },\n"
            "  \"list\": [\n"
            "    {\n"
            "      \"x\": 1\n"
            "    }\n"
            "  ]\n"
            "}\n");
}

TEST(Value, PointersEscapeAndUnescape) {
  EXPECT_EQ(child("/a", "b/c~d"), "/a/b~1c~0d");
  EXPECT_EQ(child("", std::size_t{3}), "/3");
  EXPECT_THAT(segments("/a/b~1c~0d/0"), ElementsAre("a", "b/c~d", "0"));
  EXPECT_THAT(segments("/"), ElementsAre(""));
  EXPECT_TRUE(segments("").empty());
}

TEST(Value, DepthAndCountSeeEverything) {
  const Value value = parsed(R"({"a":[1,[2]],"b":{}})");
  EXPECT_EQ(depth(value), 3u);
  EXPECT_EQ(count(value), 6u);
  EXPECT_EQ(depth(parsed("7")), 0u);
}

TEST(Value, PlacesNameEveryValueWithItsLine) {
  const auto all = places(parsed("{\n\"a\":\n[1,\n2]}"));
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all.at("").line, 1);
  EXPECT_EQ(all.at("/a").line, 2) << "an array stands where its key stands";
  EXPECT_EQ(all.at("/a/0").line, 3);
  EXPECT_EQ(all.at("/a/1").line, 4);
  EXPECT_EQ(all.at("/a/1").file, "v.json");
}

TEST(Value, SetReplacesInPlaceAndEraseRemoves) {
  Value value = parsed(R"({"a":1,"b":2})");
  value.set("a", parsed("3"));
  value.set("c", parsed("4"));
  value.erase("b");
  EXPECT_EQ(compact(value), R"({"a":3,"c":4})");
  EXPECT_EQ(value.find("b"), nullptr);
}

}  // namespace
}  // namespace weft::test
