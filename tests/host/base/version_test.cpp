// SPDX-License-Identifier: Apache-2.0
#include "host/base/version.hpp"

#include <gtest/gtest.h>

namespace weft::test {
namespace {

using namespace weft::host;

bool contains(const char* range, const char* version) {
  const auto parsed_range = VersionRange::parse(range);
  const auto parsed_version = parse_version(version);
  EXPECT_TRUE(parsed_range && parsed_version) << range << " " << version;
  return parsed_range->contains(*parsed_version);
}

TEST(Version, ReadsAndWritesThreeNumbers) {
  EXPECT_EQ(parse_version("1.20.3"), (Version{1, 20, 3}));
  EXPECT_EQ(parse_version("1.20.3")->text(), "1.20.3");
}

TEST(Version, RefusesEverythingElse) {
  for (const char* text :
       {"", "1", "1.2", "1.2.3.4", "1.2.", "1.2.3-rc1", "-1.2.3", "1.-2.3", "a.b.c", " 1.2.3",
        "1.2.3 ", "99999999999.0.0", "2147483647.0.0", "01.2.3"})
    EXPECT_FALSE(parse_version(text)) << text;
}

TEST(Version, ComparesByNumber) {
  EXPECT_LT((Version{1, 9, 0}), (Version{1, 10, 0}));
  EXPECT_LT((Version{1, 9, 9}), (Version{2, 0, 0}));
}

TEST(VersionRange, CaretKeepsTheMajor) {
  EXPECT_TRUE(contains("^1.2", "1.2.0"));
  EXPECT_TRUE(contains("^1.2", "1.99.0"));
  EXPECT_FALSE(contains("^1.2", "1.1.9"));
  EXPECT_FALSE(contains("^1.2", "2.0.0"));
  EXPECT_TRUE(contains("1.2", "1.5.0")) << "a bare version means a caret";
  EXPECT_TRUE(contains("^1", "1.0.0"));
}

TEST(VersionRange, CaretBelowOneKeepsTheMinor) {
  EXPECT_TRUE(contains("^0.2", "0.2.9"));
  EXPECT_FALSE(contains("^0.2", "0.3.0"));
  EXPECT_TRUE(contains("^0.0.3", "0.0.3"));
  EXPECT_FALSE(contains("^0.0.3", "0.0.4"));
  EXPECT_TRUE(contains("^0", "0.9.0"));
  EXPECT_FALSE(contains("^0", "1.0.0"));
}

TEST(VersionRange, OtherSigns) {
  EXPECT_TRUE(contains("~1.2.3", "1.2.9"));
  EXPECT_FALSE(contains("~1.2.3", "1.3.0"));
  EXPECT_TRUE(contains("~1", "1.9.0"));
  EXPECT_TRUE(contains(">=1.2", "7.0.0"));
  EXPECT_FALSE(contains(">=1.2", "1.1.0"));
  EXPECT_TRUE(contains("=1.2.3", "1.2.3"));
  EXPECT_FALSE(contains("=1.2.3", "1.2.4"));
  EXPECT_TRUE(contains("*", "0.0.0"));
  EXPECT_TRUE(contains("", "3.2.1"));
}

TEST(VersionRange, RefusesWhatIsNoRange) {
  for (const char* text : {"^", "=1.2", "x", "^1.x", "<2", "1.2.3.4", "^2147483647", "> 1"})
    EXPECT_FALSE(VersionRange::parse(text)) << text;
}

}  // namespace
}  // namespace weft::test
