// SPDX-License-Identifier: Apache-2.0
#include "host/graph/shape_repair.hpp"

#include <gtest/gtest.h>

namespace weft::test {
namespace {

using host::repair_of;

TEST(ShapeRepair, NamesTheFunctionOfTheAxisThatDiffers) {
  EXPECT_EQ(repair_of({64, -1, 64}, {64, 48, 32}, "text.tokens"),
            " Make the sizes equal, or put a node between and read that: {\"use\": "
            "\"function.linear\", \"in\": \"text.tokens\", \"config\": {\"dim\": 64}}.");
  EXPECT_EQ(repair_of({-1, 16, 64}, {8, 48, 64}, "a.tokens"),
            " Make the sizes equal, or put a node between and read that: {\"use\": "
            "\"function.resample\", \"in\": \"a.tokens\", \"config\": {\"length\": 16}}.");
  EXPECT_EQ(repair_of({-1, 64}, {8, 48, 64}, "a.tokens"),
            " Make the sizes equal, or put a node between and read that: {\"use\": "
            "\"function.pool\", \"in\": \"a.tokens\"}.");
}

TEST(ShapeRepair, SaysNothingWhereOneFunctionDoesNot) {
  EXPECT_EQ(repair_of({64, 16, 64}, {64, 48, 32}, "w"), "");
  EXPECT_EQ(repair_of({32, -1, 64}, {64, 48, 32}, "w"), "");
  EXPECT_EQ(repair_of({64, -1}, {64, 3, 28, 28}, "w"), "");
  EXPECT_EQ(repair_of({64, 32}, {64, 48, 16}, "w"), "");
  EXPECT_EQ(repair_of({}, {64, 48, 16}, "w"), "");
}

}  // namespace
}  // namespace weft::test
