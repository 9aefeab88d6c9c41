// SPDX-License-Identifier: Apache-2.0

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.mse";

Arrays numbers() {
  return {{"prediction", {floats({1, -1, 0.5, 3}, {2, 2}, DType::float64)}},
          {"target", {floats({0.5, 1, 0.5, 0}, {2, 2}, DType::float64)}}};
}

// The differences are 0.5, −2, 0 and 3.
TEST(SquaredError, IsItsFormula) {
  Part part(id, "{}", {}, DType::float64);
  const auto out = part.run(numbers());
  EXPECT_DOUBLE_EQ(element(out.at("loss"), 0), 0.25 + 4 + 0 + 9);
  EXPECT_EQ(element(out.at("weight"), 0), 4.0);
}

TEST(SquaredError, MaskAndAbsenceTakeNumbersAway) {
  Part part(id, "{}", {}, DType::float64);
  Arrays inputs = numbers();
  inputs["mask"] = {mask({0, 1}, {2})};
  const Array second = floats({0.5, 3}, {1, 2}, DType::float64);
  const Array its_target = floats({0.5, 0}, {1, 2}, DType::float64);
  const double expected =
      element(part.run({{"prediction", {second}}, {"target", {its_target}}}).at("loss"), 0);
  EXPECT_EQ(element(part.run(inputs).at("loss"), 0), expected);
  EXPECT_EQ(element(part.run(inputs).at("weight"), 0), 2.0);
  inputs.erase("mask");
  inputs["present"] = {mask({0, 1}, {2})};
  EXPECT_EQ(element(part.run(inputs).at("loss"), 0), expected);
}

TEST(SquaredError, GradientsMatchDifferences) {
  Part part(id, "{}", {}, DType::float64);
  expect_gradients(part,
                   {{"prediction", {random({2, 3, 2}, 1, DType::float64)}},
                    {"target", {random({2, 3, 2}, 2, DType::float64)}},
                    {"mask", {length_mask({3, 1}, 3)}}},
                   "loss");
}

}  // namespace
}  // namespace weft::test
