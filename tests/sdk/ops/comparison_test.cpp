// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

class ComparisonTest : public SdkTest {
 protected:
  const Tensor a_ = doubles({1, 2, 3}, {3}), b_ = doubles({2, 2, 2}, {3});
};

TEST_F(ComparisonTest, WithTensorsAndWithNumbers) {
  const struct {
    Tensor (*tensors)(const Tensor&, const Tensor&);
    Tensor (*number)(const Tensor&, double);
    Tensor (*integer)(const Tensor&, int);
    std::vector<double> expected;
  } cases[] = {
      {equal<>, equal<double>, equal<int>, {0, 1, 0}},
      {not_equal<>, not_equal<double>, not_equal<int>, {1, 0, 1}},
      {less<>, less<double>, less<int>, {1, 0, 0}},
      {at_most<>, at_most<double>, at_most<int>, {1, 1, 0}},
      {greater<>, greater<double>, greater<int>, {0, 0, 1}},
      {at_least<>, at_least<double>, at_least<int>, {0, 1, 1}},
  };
  for (const auto& one : cases) {
    for (const Tensor& result : {one.tensors(a_, b_), one.number(a_, 2.0), one.integer(a_, 2)}) {
      EXPECT_EQ(result.dtype(), WEFT_DTYPE_BOOL);
      expect_tensor(result, one.expected, {3});
    }
  }
}

TEST_F(ComparisonTest, FractionsCountForFloatingTensors) {
  expect_tensor(less(a_, 1.5), {1, 0, 0}, {3});
  expect_tensor(at_least(a_, 2.5), {0, 0, 1}, {3});
}

TEST_F(ComparisonTest, LargeIdsStayApart) {
  const std::int64_t id = (std::int64_t{1} << 53) + 1;
  expect_tensor(equal(ints({id - 1, id}, {2}), id), {0, 1}, {2});
}

TEST_F(ComparisonTest, LogicAndChoice) {
  const Tensor p = flags({1, 1, 0}, {3}), q = flags({1, 0, 0}, {3});
  expect_tensor(logical_and(p, q), {1, 0, 0}, {3});
  expect_tensor(logical_or(p, q), {1, 1, 0}, {3});
  expect_tensor(logical_not(p), {0, 0, 1}, {3});
  expect_tensor(where(p, a_, b_), {1, 2, 2}, {3});
  expect_tensor(masked_fill(a_, p, -1), {-1, -1, 3}, {3});
}

TEST_F(ComparisonTest, WrongArgumentsAreRefused) {
  EXPECT_EQ(refusal([&] {
              greater(a_, doubles({1, 2}, {2}));
            }),
            "aten::gt.Tensor(self float64[3], other float64[2]): The size of tensor a (3) must "
            "match the size of tensor b (2) at non-singleton dimension 0");
  EXPECT_EQ(refusal([&] { less(Tensor(), 2); }),
            "aten::lt.Scalar: argument \"self\" expects Tensor, got nothing");
}

}  // namespace
}  // namespace weft::test
