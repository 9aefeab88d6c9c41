// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.rmse";

// The differences are 0.5, −2, 0 and 3, in two batches.
TEST(RootMeanSquaredError, IsItsFormulaOverBatches) {
  Part part(id);
  part.update({{"prediction", {floats({1, -1}, {1, 2})}}, {"target", {floats({0.5, 1}, {1, 2})}}});
  part.update({{"prediction", {floats({0.5, 3}, {1, 2})}}, {"target", {floats({0.5, 0}, {1, 2})}}});
  EXPECT_NEAR(part.compute().at("rmse"), std::sqrt((0.25 + 4 + 0 + 9) / 4), 1e-12);
}

TEST(RootMeanSquaredError, MaskAndAbsenceTakeNumbersAway) {
  Part part(id);
  part.update({{"prediction", {floats({1, 100, 2, 3}, {2, 2, 1})}},
               {"target", {floats({0, 0, 0, 0}, {2, 2, 1})}},
               {"mask", {mask({1, 0, 1, 1}, {2, 2})}},
               {"present", {mask({1, 0}, {2})}}});
  EXPECT_DOUBLE_EQ(part.compute().at("rmse"), 1.0);
}

TEST(RootMeanSquaredError, OfNothingIsNoNumber) {
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("rmse")));
}

}  // namespace
}  // namespace weft::test
