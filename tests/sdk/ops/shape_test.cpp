// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

class ShapeTest : public SdkTest {
 protected:
  const Tensor x_ = doubles({1, 2, 3, 4, 5, 6}, {2, 3});
};

TEST_F(ShapeTest, Joining) {
  expect_tensor(concat({x_, x_}, 1), {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}, {2, 6});
  expect_tensor(stack({x_, -x_}, 2), {1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6}, {2, 3, 2});
  expect_tensor(stack(std::vector<Tensor>{x_}, 0), numbers(x_), {1, 2, 3});
}

TEST_F(ShapeTest, Padding) {
  expect_tensor(pad(x_, {1, 0}), {0, 1, 2, 3, 0, 4, 5, 6}, {2, 4});
  expect_tensor(pad(x_, {0, -1, 0, 1}, 9), {1, 2, 4, 5, 9, 9}, {3, 2});
}

TEST_F(ShapeTest, RollingAndFlipping) {
  expect_tensor(roll(x_, 1, 1), {3, 1, 2, 6, 4, 5}, {2, 3});
  expect_tensor(roll(x_, -1, 0), {4, 5, 6, 1, 2, 3}, {2, 3});
  expect_tensor(flip(x_, {1}), {3, 2, 1, 6, 5, 4}, {2, 3});
  expect_tensor(flip(x_, {0, 1}), {6, 5, 4, 3, 2, 1}, {2, 3});
}

TEST_F(ShapeTest, ViewsAndTypes) {
  expect_tensor(permute(x_, {1, 0}), {1, 4, 2, 5, 3, 6}, {3, 2});
  expect_tensor(x_.transpose(0, 1).reshape({2, 3}), {1, 4, 2, 5, 3, 6}, {2, 3});
  expect_tensor(x_.slice(1, 0, 3, 2), {1, 3, 4, 6}, {2, 2});
  expect_tensor(x_.select(0, 1), {4, 5, 6}, {3});
  expect_tensor(expand(x_.unsqueeze(0), {2, -1, -1}).select(0, 1), numbers(x_), {2, 3});
  expect_tensor(lower_triangle(x_), {1, 0, 0, 4, 5, 0}, {2, 3});
  EXPECT_EQ(x_.to(WEFT_DTYPE_INT64).dtype(), WEFT_DTYPE_INT64);
}

TEST_F(ShapeTest, GradientsMatchDifferences) {
  expect_gradients(
      [](All in) {
        return stack({in[0], in[0] * in[1]}, 1);
      },
      {normals({2, 3}, 1), normals({2, 3}, 2)});
  expect_gradients(
      [](All in) {
        return pad(roll(in[0], 1, 1), {1, 2}) * 2.0;
      },
      {normals({2, 3}, 3)});
  expect_gradients([](All in) { return flip(in[0], {1}) * in[0]; }, {normals({2, 3}, 4)});
}

TEST_F(ShapeTest, WrongArgumentsAreRefused) {
  EXPECT_EQ(refusal([&] {
              stack({x_, doubles({1, 2}, {2})}, 0);
            }),
            "aten::stack(tensors {float64[2, 3] and float64[2]}, dim 0): stack expects each tensor "
            "to be equal size, but got [2, 3] at entry 0 and [2] at entry 1");
  EXPECT_THAT(refusal([&] { pad(x_, {1}); }),
              ::testing::HasSubstr("aten::pad(self float64[2, 3], pad [1], mode \"constant\", "
                                   "value 0): "));
  EXPECT_EQ(
      refusal([&] { roll(x_, 1, 5); }),
      "aten::roll(self float64[2, 3], shifts [1], dims [5]): Dimension out of range (expected "
      "to be in range of [-2, 1], but got 5)");
  EXPECT_EQ(refusal([&] { flip(x_, {5}); }),
            "aten::flip(self float64[2, 3], dims [5]): Dimension out of range (expected to be in "
            "range of [-2, 1], but got 5)");
}

}  // namespace
}  // namespace weft::test
