// SPDX-License-Identifier: Apache-2.0
#include "tests/support/component.hpp"

namespace weft::test {
namespace {

constexpr DType f64 = DType::float64;

TEST(LinearMap, IsOneAffineMapForEveryToken) {
  Part part("function.linear", R"({"features": 2, "dim": 3})", {}, f64);
  part.set("map.weight", floats({1, 0, 0, 1, 1, 1}, {3, 2}, f64));
  part.set("map.bias", floats({0, 10, 0}, {3}, f64));
  const auto out =
      part.run({{"in", {floats({1, 2, 3, 4}, {1, 2, 2}, f64)}}, {"mask", {mask({1, 0}, {1, 2})}}});
  expect_near(out.at("out"), floats({1, 12, 3, 3, 14, 7}, {1, 2, 3}, f64), 1e-12);
  EXPECT_TRUE(element(out.at("out_mask"), 0) == 1.0 && element(out.at("out_mask"), 1) == 0.0);
}

TEST(LinearMap, HasTheGradientOfAnAffineMap) {
  Part part("function.linear", R"({"features": 3, "dim": 2})", {}, f64);
  expect_gradients(part, {{"in", {random({2, 2, 3}, 1, f64)}}}, "out");
}

}  // namespace
}  // namespace weft::test
