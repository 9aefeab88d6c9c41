// SPDX-License-Identifier: Apache-2.0
#include "host/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace weft::test {
namespace {

using namespace weft::host;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Text, ConcatWritesEverythingInOrder) {
  EXPECT_EQ(concat("a", 1, 'b', 2.5), "a1b2.5");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(concat(nan, ' ', -nan, ' ', std::copysign(static_cast<float>(nan), -1.0F)),
            "nan nan nan");
}

TEST(Text, EnumerateJoinsAsInASentence) {
  EXPECT_EQ(enumerate({}), "");
  EXPECT_EQ(enumerate({"a"}), "a");
  EXPECT_EQ(enumerate({"a", "b"}), "a and b");
  EXPECT_EQ(enumerate({"a", "b", "c"}), "a, b and c");
}

TEST(Text, EditDistanceCountsSlips) {
  EXPECT_EQ(edit_distance("heads", "heads"), 0u);
  EXPECT_EQ(edit_distance("heads", "head"), 1u);
  EXPECT_EQ(edit_distance("heads", "hedas"), 1u) << "neighbours swapped are one slip";
  EXPECT_EQ(edit_distance("heads", "beads"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Text, NearestIsSortedAndShort) {
  EXPECT_THAT(nearest("vison", {"audio", "visor", "vision"}), ElementsAre("vision", "visor"));
  EXPECT_THAT(nearest("aaaa", {"aaab", "aaac", "aaad", "aaae"}).size(), 3u);
  EXPECT_THAT(nearest("attention", {"fusion.gated_cross_attention"}),
              ElementsAre("fusion.gated_cross_attention"));
  EXPECT_THAT(nearest("xy", {"ab"}), IsEmpty()) << "two edits of two letters are nothing alike";
  EXPECT_THAT(nearest("vision", {"text", ""}), IsEmpty());
}

TEST(Text, SuggestionNamesTheNearestOrAll) {
  EXPECT_EQ(suggestion("stepz", {"steps", "batch"}), " Did you mean \"steps\"?");
  EXPECT_EQ(suggestion("zzzzzz", {"steps", "batch"}), " Known: steps and batch.");
  EXPECT_EQ(suggestion("x", {}), "");
}

TEST(Text, ShapesAreBracketed) {
  EXPECT_EQ(shape_text({32, 49, 64}), "[32, 49, 64]");
  EXPECT_EQ(shape_text({}), "[]");
}

TEST(Text, StarsMatchAnyRun) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("vision.*", "vision.blocks.0"));
  EXPECT_TRUE(matches("*.bias", "a.b.bias"));
  EXPECT_TRUE(matches("a*b*c", "aXbYbZc"));
  EXPECT_TRUE(matches("a**", "a"));
  EXPECT_FALSE(matches("vision.*", "visions"));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_FALSE(matches("a*b", "abc"));
}

TEST(Text, StableHashIsFnv1a) {
  EXPECT_EQ(stable_hash(""), 0xcbf29ce484222325u);
  EXPECT_EQ(stable_hash("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(stable_hash("foobar"), 0x85944171f73967e8u);
  EXPECT_NE(stable_hash("a", 1), stable_hash("a"));
}

}  // namespace
}  // namespace weft::test
