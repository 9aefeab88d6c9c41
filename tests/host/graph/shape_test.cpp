// SPDX-License-Identifier: Apache-2.0
#include "host/graph/shape.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace weft::host {
namespace {

TEST(ShapePattern, BindsSymbolsAndDemandsEqualOnes) {
  Symbols symbols;
  EXPECT_TRUE(ShapePattern("[B, N, D]").unify({2, 7, 64}, symbols));
  EXPECT_EQ(symbols.sizes.at("N"), 7);
  EXPECT_TRUE(ShapePattern("[B, N]").unify({2, 7}, symbols));
  EXPECT_FALSE(ShapePattern("[B, N]").unify({2, 8}, symbols));
}

TEST(ShapePattern, LeavesSymbolsAloneWhenItDoesNotFit) {
  Symbols symbols;
  EXPECT_FALSE(ShapePattern("[B, 3]").unify({2, 4}, symbols));
  EXPECT_TRUE(symbols.sizes.empty());
}

TEST(ShapePattern, StarredSymbolsDifferFromWireToWire) {
  Symbols symbols;
  const ShapePattern stream("[B, N*, D]");
  EXPECT_TRUE(stream.unify({2, 7, 64}, symbols));
  EXPECT_TRUE(stream.unify({2, 9, 64}, symbols));
  EXPECT_FALSE(stream.unify({2, 9, 32}, symbols));
}

TEST(ShapePattern, DotsStandForAnyLeadingAxes) {
  Symbols symbols;
  EXPECT_TRUE(ShapePattern("[..., V]").unify({4, 5, 11}, symbols));
  EXPECT_TRUE(ShapePattern("[...]").unify({4, 5}, symbols));
  EXPECT_FALSE(ShapePattern("[...]").unify({4, 6}, symbols));
  EXPECT_EQ(ShapePattern("[..., 3]").resolve(symbols), (std::vector<std::int64_t>{4, 5, 3}));
}

TEST(ShapePattern, ResolvesWhatIsBoundAndMarksTheRest) {
  const Symbols symbols{{{"B", 2}, {"D", 64}}, std::nullopt};
  EXPECT_EQ(ShapePattern("[B, U, D]").resolve(symbols), (std::vector<std::int64_t>{2, -1, 64}));
  EXPECT_EQ(ShapePattern("[..., D]").resolve(symbols), std::nullopt);
  EXPECT_EQ(ShapePattern("[]").resolve(symbols), (std::vector<std::int64_t>{}));
}

TEST(ShapePattern, WritesFixedSymbolsAsTheirValues) {
  EXPECT_EQ(ShapePattern("[B, N*, D]").text({{"D", 64}}), "[B, N, 64]");
  EXPECT_EQ(ShapePattern("[..., 3]").text({}), "[..., 3]");
}

TEST(ShapePattern, RefusesWhatIsNoShape) {
  EXPECT_THROW(ShapePattern("B, N"), std::invalid_argument);
  EXPECT_THROW(ShapePattern("[B, , D]"), std::invalid_argument);
}

}  // namespace
}  // namespace weft::host
