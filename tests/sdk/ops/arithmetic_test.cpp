// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

class ArithmeticTest : public SdkTest {
 protected:
  const Tensor x_ = doubles({1, -2, 3, 0.5}, {2, 2});
};

TEST_F(ArithmeticTest, NumbersOnEitherSide) {
  expect_tensor(-x_, {-1, 2, -3, -0.5}, {2, 2});
  expect_tensor(1.0 - x_, {0, 3, -2, 0.5}, {2, 2});
  expect_tensor(x_ - 1.0, {0, -3, 2, -0.5}, {2, 2});
  expect_tensor(2.0 / x_, {2, -1, 2.0 / 3, 4}, {2, 2});
  expect_tensor(x_ / 2.0, {0.5, -1, 1.5, 0.25}, {2, 2});
  expect_tensor(x_ / x_, {1, 1, 1, 1}, {2, 2});
}

TEST_F(ArithmeticTest, AnIntegerKeepsAnIntegersType) {
  const Tensor n = ints({1, 2}, {2});
  EXPECT_EQ((n + 1).dtype(), WEFT_DTYPE_INT64);
  EXPECT_EQ((n + 0.5).dtype(), WEFT_DTYPE_FLOAT32);
  EXPECT_EQ((-n).dtype(), WEFT_DTYPE_INT64);
  EXPECT_EQ(pow(n, 3).dtype(), WEFT_DTYPE_INT64);
  expect_tensor(pow(n, 3), {1, 8}, {2});
}

TEST_F(ArithmeticTest, Powers) {
  const Tensor base = doubles({4, 9}, {2});
  expect_tensor(pow(base, 0.5), {2, 3}, {2});
  expect_tensor(pow(2.0, doubles({3, -1}, {2})), {8, 0.5}, {2});
  expect_tensor(pow(base, doubles({2, 0}, {2})), {16, 1}, {2});
}

TEST_F(ArithmeticTest, EinsteinSums) {
  const Tensor q = normals({2, 3, 4}, 1), k = normals({2, 5, 4}, 2);
  expect_tensor(einsum("bnd,bmd->bnm", {q, k}), numbers(matmul(q, k.transpose(1, 2))), {2, 3, 5});
  expect_tensor(einsum("ii->", {x_}), {1.5}, {});  // the trace
}

TEST_F(ArithmeticTest, GradientsMatchDifferences) {
  const Tensor positive = doubles({0.5, 1.5, 2.0, 0.7}, {2, 2});
  expect_gradients([](All in) { return -in[0] * 3.0 - (2.0 - in[0]) / 4.0; }, {normals({2, 3}, 1)});
  expect_gradients([](All in) { return 2.0 / in[0] + in[1] / in[0]; },
                   {positive, normals({2, 2}, 2)});
  expect_gradients([](All in) { return pow(in[0], in[1]); }, {positive, normals({2, 2}, 3)});
  expect_gradients([](All in) { return pow(in[0], 3) + pow(2.0, in[0]); }, {positive});
  expect_gradients(
      [](All in) {
        return einsum("nd,md,d->nm", {in[0], in[1], in[2]});
      },
      {normals({2, 3}, 1), normals({4, 3}, 2), normals({3}, 3)});
}

TEST_F(ArithmeticTest, WrongShapesAreRefusedByName) {
  EXPECT_EQ(
      refusal([&] {
        pow(x_, doubles({1, 2, 3}, {3}));
      }),
      "aten::pow.Tensor_Tensor(self float64[2, 2], exponent float64[3]): The size of tensor a "
      "(2) must match the size of tensor b (3) at non-singleton dimension 1");
  EXPECT_THAT(refusal([&] { einsum("ab,cd", {x_}); }),
              ::testing::HasSubstr("aten::einsum(equation \"ab,cd\", tensors {float64[2, 2]}): "
                                   "einsum(): fewer operands were provided"));
  EXPECT_THAT(refusal([&] { einsum("abc->a", {x_}); }),
              ::testing::HasSubstr("the number of subscripts in the equation (3)"));
  EXPECT_EQ(refusal([&] { -Tensor(); }),
            "aten::neg: argument \"self\" expects Tensor, got nothing");
}

}  // namespace
}  // namespace weft::test
