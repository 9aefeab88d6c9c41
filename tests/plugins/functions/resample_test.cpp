// SPDX-License-Identifier: Apache-2.0
#include "tests/support/component.hpp"

namespace weft::test {
namespace {

constexpr DType f64 = DType::float64;

Arrays run(std::int64_t length, const Array& in, const Array& real) {
  Part part("function.resample", R"({"dim": 1, "length": )" + std::to_string(length) + "}", {},
            f64);
  Arrays out;
  for (const auto& [name, array] : part.run({{"in", {in}}, {"mask", {real}}})) out[name] = {array};
  return out;
}

TEST(Resample, LeavesARowOfThatLengthAsItIs) {
  const Array in = floats({1, 5, 2}, {1, 3, 1}, f64);
  expect_near(run(3, in, mask({1, 1, 1}, {1, 3})).at("out")[0], in, 1e-12);
}

TEST(Resample, AveragesPiecesAndCutsTokensByTheirPart) {
  const Array in = floats({3, 6, 9}, {1, 3, 1}, f64);
  // Each half holds one and a half of three tokens.
  expect_near(run(2, in, mask({1, 1, 1}, {1, 3})).at("out")[0], floats({4, 8}, {1, 2, 1}, f64),
              1e-12);
}

TEST(Resample, CountsRealTokensAlone) {
  // Padding in the middle and at the end, whatever it holds: the row is 3, 9.
  const Array in = floats({3, 100, 9, 50}, {1, 4, 1}, f64);
  const Arrays out = run(4, in, mask({1, 0, 1, 0}, {1, 4}));
  expect_near(out.at("out")[0], floats({3, 3, 9, 9}, {1, 4, 1}, f64), 1e-12);
  EXPECT_EQ(element(out.at("out_mask")[0], 3), 1.0);
}

TEST(Resample, MasksARowWithoutTokens) {
  const Arrays out = run(2, floats({3, 4}, {1, 2, 1}, f64), mask({0, 0}, {1, 2}));
  expect_near(out.at("out")[0], floats({0, 0}, {1, 2, 1}, f64), 0.0);
  EXPECT_EQ(element(out.at("out_mask")[0], 0), 0.0);
}

TEST(Resample, HasItsGradient) {
  Part part("function.resample", R"({"dim": 2, "length": 5})", {}, f64);
  expect_gradients(
      part, {{"in", {random({2, 3, 2}, 1, f64)}}, {"mask", {mask({1, 1, 1, 1, 0, 1}, {2, 3})}}},
      "out");
}

}  // namespace
}  // namespace weft::test
