// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

class ReductionTest : public SdkTest {
 protected:
  const Tensor x_ = doubles({3, 1, 2, -4, 6, -2}, {2, 3});
};

TEST_F(ReductionTest, SumsAndMeans) {
  expect_tensor(sum(x_), {6}, {});
  expect_tensor(sum(x_, {1}, true), {6, 0}, {2, 1});
  expect_tensor(mean(x_, {0}), {-0.5, 3.5, 0}, {3});
  expect_tensor(mean(x_, {}), {1}, {});
  expect_tensor(cumulative_sum(x_, 1), {3, 4, 6, -4, 2, 0}, {2, 3});
}

TEST_F(ReductionTest, Variances) {
  expect_tensor(var(x_, {1}), {2.0 / 3, 56.0 / 3}, {2});
  expect_tensor(var(x_, {1}, true, 1), {1, 28}, {2, 1});
  expect_tensor(var(x_, {}), {(9 + 1 + 4 + 16 + 36 + 4) / 6.0 - 1}, {});
}

TEST_F(ReductionTest, Norms) {
  expect_tensor(norm(x_, {0}), {5, std::sqrt(37.0), std::sqrt(8.0)}, {3});
  expect_tensor(norm(x_, {1}, true, 1.0), {6, 12}, {2, 1});
  expect_tensor(norm(x_), {std::sqrt(70.0)}, {});
}

TEST_F(ReductionTest, LogarithmsOfSums) {
  const auto formula = [](double a, double b) { return std::log(std::exp(a) + std::exp(b)); };
  expect_tensor(logsumexp(x_, {0}), {formula(3, -4), formula(1, 6), formula(2, -2)}, {3});
  expect_tensor(logsumexp(doubles({1000, 1000}, {2}), {0}), {1000 + std::log(2.0)}, {});
  expect_tensor(softmax(x_, 0), numbers(exp(x_ - logsumexp(x_, {0}, true))), {2, 3});
  expect_tensor(log_softmax(x_, 0), numbers(x_ - logsumexp(x_, {0}, true)), {2, 3});
}

TEST_F(ReductionTest, Extremes) {
  expect_tensor(max(x_), {6}, {});
  expect_tensor(min(x_, {1}, true), {1, -4}, {2, 1});
  expect_tensor(max(x_, {0, 1}), {6}, {});
  const Indexed largest = max_with_index(x_, 1), smallest = min_with_index(x_, 0, true);
  expect_tensor(largest.values, {3, 6}, {2});
  expect_tensor(largest.indices, {0, 1}, {2});
  EXPECT_EQ(largest.indices.dtype(), WEFT_DTYPE_INT64);
  expect_tensor(smallest.values, {-4, 1, -2}, {1, 3});
  expect_tensor(smallest.indices, {1, 0, 1}, {1, 3});
  expect_tensor(argmax(x_, 1), {0, 1}, {2});
}

TEST_F(ReductionTest, Order) {
  const Indexed two = topk(x_, 2, 1), lowest = topk(x_, 1, -1, false);
  expect_tensor(two.values, {3, 2, 6, -2}, {2, 2});
  expect_tensor(two.indices, {0, 2, 1, 2}, {2, 2});
  expect_tensor(lowest.values, {1, -4}, {2, 1});
  const Indexed rising = sort(x_, 1), falling = sort(x_, 0, true);
  expect_tensor(rising.values, {1, 2, 3, -4, -2, 6}, {2, 3});
  expect_tensor(rising.indices, {1, 2, 0, 0, 2, 1}, {2, 3});
  expect_tensor(falling.values, {3, 6, 2, -4, 1, -2}, {2, 3});
  // Equals keep their order.
  expect_tensor(sort(ints({1, 0, 1, 0, 1, 0, 1, 0, 1, 0}, {10}), 0).indices,
                {1, 3, 5, 7, 9, 0, 2, 4, 6, 8}, {10});
}

TEST_F(ReductionTest, GradientsMatchDifferences) {
  expect_gradients([](All in) { return var(in[0], {1}) + norm(in[0], {1}) * mean(in[0], {1}); },
                   {normals({2, 3}, 1)});
  expect_gradients([](All in) { return logsumexp(in[0], {0}); }, {normals({3, 2}, 2)});
  expect_gradients([](All in) { return max(in[0], {1}) * min(in[0], {1}); }, {normals({3, 4}, 3)});
  expect_gradients(
      [](All in) { return max_with_index(in[0], 1).values + min_with_index(in[0], 1).values; },
      {normals({3, 4}, 4)});
  expect_gradients([](All in) { return topk(in[0], 2, 1).values; }, {normals({2, 4}, 5)});
  expect_gradients([](All in) { return sort(in[0], 1).values; }, {normals({2, 4}, 6)});
}

TEST_F(ReductionTest, WrongAxesAreRefused) {
  const std::string range =
      "Dimension out of range (expected to be in range of [-2, 1], but got 7)";
  const struct {
    std::function<void()> body;
    std::string operation;
  } cases[] = {
      {[&] { var(x_, {7}); },
       "aten::var.correction(self float64[2, 3], dim [7], correction 0, "
       "keepdim false): "},
      {[&] { norm(x_, {7}); },
       "aten::linalg_vector_norm(self float64[2, 3], ord 2, dim [7], keepdim false): "},
      {[&] { logsumexp(x_, {7}); },
       "aten::logsumexp(self float64[2, 3], dim [7], keepdim false): "},
      {[&] { max(x_, {7}); }, "aten::amax(self float64[2, 3], dim [7], keepdim false): "},
      {[&] { min(x_, {7}); }, "aten::amin(self float64[2, 3], dim [7], keepdim false): "},
      {[&] { max_with_index(x_, 7); }, "aten::max.dim(self float64[2, 3], dim 7, keepdim false): "},
      {[&] { min_with_index(x_, 7); }, "aten::min.dim(self float64[2, 3], dim 7, keepdim false): "},
      {[&] { topk(x_, 1, 7); },
       "aten::topk(self float64[2, 3], k 1, dim 7, largest true, sorted true): "},
      {[&] { sort(x_, 7); },
       "aten::sort.stable(self float64[2, 3], stable true, dim 7, descending false): "},
  };
  for (const auto& one : cases) EXPECT_EQ(refusal(one.body), one.operation + range);
  EXPECT_EQ(refusal([&] { topk(x_, 4, 1); }),
            "aten::topk(self float64[2, 3], k 4, dim 1, largest true, sorted true): selected index "
            "k out of range");
}

}  // namespace
}  // namespace weft::test
