// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

class LookUpTest : public SdkTest {
 protected:
  const Tensor x_ = doubles({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor index_ = ints({2, 0, 1, 1}, {2, 2});
};

TEST_F(LookUpTest, GatherAndScatterAreEachOthersReverse) {
  const Tensor found = gather(x_, 1, index_);
  expect_tensor(found, {3, 1, 5, 5}, {2, 2});
  expect_tensor(
      scatter(zeros({2, 3}, x_), 1, ints({2, 0, 1, 2}, {2, 2}), doubles({1, 2, 3, 4}, {2, 2})),
      {2, 0, 1, 0, 3, 4}, {2, 3});
}

TEST_F(LookUpTest, WhatIsAddedToOnePlaceAddsUp) {
  expect_tensor(scatter_add(x_, 1, index_, doubles({10, 20, 30, 40}, {2, 2})),
                {21, 2, 13, 4, 75, 6}, {2, 3});
  expect_tensor(index_add(x_, 0, ints({1, 1}, {2}), x_), {1, 2, 3, 9, 12, 15}, {2, 3});
}

TEST_F(LookUpTest, Rows) {
  expect_tensor(index_select(x_, 1, ints({2, 2}, {2})), {3, 3, 6, 6}, {2, 2});
  expect_tensor(embedding(x_, ints({1, 0}, {1, 2})), {4, 5, 6, 1, 2, 3}, {1, 2, 3});
  expect_tensor(nonzero(flags({0, 1, 1, 0}, {2, 2})), {0, 1, 1, 0}, {2, 2});
}

TEST_F(LookUpTest, GradientsMatchDifferences) {
  const Tensor once = ints({2, 0, 1, 2}, {2, 2});
  expect_gradients([&](All in) { return gather(in[0], 1, index_); }, {normals({2, 3}, 1)});
  expect_gradients([&](All in) { return scatter(in[0], 1, once, in[1]); },
                   {normals({2, 3}, 2), normals({2, 2}, 3)});
  expect_gradients([&](All in) { return scatter_add(in[0], 1, index_, in[1]); },
                   {normals({2, 3}, 4), normals({2, 2}, 5)});
}

TEST_F(LookUpTest, WrongIndicesAreRefused) {
  const Tensor far = ints({0, 3}, {1, 2});
  EXPECT_THAT(refusal([&] { gather(x_, 1, far); }),
              ::testing::HasSubstr("aten::gather(self float64[2, 3], dim 1, index int64[1, 2]): "
                                   "index 3 is out of bounds for dimension 1 with size 3"));
  EXPECT_THAT(refusal([&] { scatter(x_, 1, far, x_); }),
              ::testing::HasSubstr("index 3 is out of bounds for dimension 1 with size 3"));
  EXPECT_THAT(refusal([&] { scatter_add(x_, 1, far, x_); }),
              ::testing::HasSubstr("index 3 is out of bounds for dimension 1 with size 3"));
  EXPECT_THAT(refusal([&] { scatter(x_, 1, x_, x_); }),
              ::testing::HasSubstr("Expected dtype int32/int64 for index"));
}

}  // namespace
}  // namespace weft::test
