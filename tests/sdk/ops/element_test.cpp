// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

class ElementTest : public SdkTest {
 protected:
  const Tensor x_ = doubles({-2, -0.5, 0.25, 3}, {4});
};

TEST_F(ElementTest, FunctionsAreTheirFormulas) {
  const struct {
    Tensor (*ours)(const Tensor&);
    double (*formula)(double);
  } cases[] = {
      {sigmoid<>, [](double x) { return 1 / (1 + std::exp(-x)); }},
      {tanh<>, [](double x) { return std::tanh(x); }},
      {relu<>, [](double x) { return x > 0 ? x : 0; }},
      {silu<>, [](double x) { return x / (1 + std::exp(-x)); }},
      {exp<>, [](double x) { return std::exp(x); }},
      {abs<>, [](double x) { return std::abs(x); }},
      {sin<>, [](double x) { return std::sin(x); }},
      {cos<>, [](double x) { return std::cos(x); }},
      {[](const Tensor& x) { return gelu(x); },
       [](double x) { return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))); }},
      {[](const Tensor& x) { return gelu(x, true); },
       [](double x) {
         return x * 0.5 *
                (1 + std::tanh(std::sqrt(2 / 3.14159265358979324) * (x + 0.044715 * x * x * x)));
       }},
      {[](const Tensor& x) { return log(exp(x)) + sqrt(x * x); },
       [](double x) { return x + std::abs(x); }},
  };
  for (const auto& one : cases) {
    std::vector<double> expected;
    for (const double x : numbers(x_)) expected.push_back(one.formula(x));
    expect_tensor(one.ours(x_), expected, {4});
  }
}

TEST_F(ElementTest, Bounds) {
  expect_tensor(clamp(x_, -1, 1), {-1, -0.5, 0.25, 1}, {4});
  expect_tensor(clamp_min(x_, 0), {0, 0, 0.25, 3}, {4});
  expect_tensor(clamp_max(x_, 0), {-2, -0.5, 0, 0}, {4});
  expect_tensor(maximum(x_, -x_), {2, 0.5, 0.25, 3}, {4});
  expect_tensor(minimum(x_, -x_), {-2, -0.5, -0.25, -3}, {4});
}

TEST_F(ElementTest, GradientsMatchDifferences) {
  expect_gradients([](All in) { return clamp(in[0], -1, 1); }, {x_});
  expect_gradients([](All in) { return maximum(in[0], in[1]) * minimum(in[0], in[1]); },
                   {normals({2, 3}, 1), normals({2, 3}, 2)});
  expect_gradients([](All in) { return glu(silu(in[0]) + gelu(in[0]), 1); }, {normals({2, 4}, 3)});
}

TEST_F(ElementTest, WrongArgumentsAreRefused) {
  EXPECT_EQ(refusal([&] {
              maximum(x_, doubles({1, 2, 3}, {3}));
            }),
            "aten::maximum(self float64[4], other float64[3]): The size of tensor a (4) must match "
            "the size of tensor b (3) at non-singleton dimension 0");
  EXPECT_THAT(refusal([&] {
                glu(doubles({1, 2, 3}, {3}), 0);
              }),
              ::testing::HasSubstr("aten::glu(self float64[3], dim 0): Halving dimension must be "
                                   "even, but dimension 0 is size 3"));
  EXPECT_EQ(refusal([&] { clamp(Tensor(), 0, 1); }),
            "aten::clamp: argument \"self\" expects Tensor, got nothing");
}

}  // namespace
}  // namespace weft::test
