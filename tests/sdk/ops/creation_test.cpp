// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

class CreationTest : public SdkTest {
 protected:
  const Tensor x_ = doubles({1, 2}, {2});
};

TEST_F(CreationTest, ConstantsHaveTheSizesAndTypeAskedFor) {
  expect_tensor(zeros({2, 1}, x_), {0, 0}, {2, 1});
  EXPECT_EQ(zeros({2}, x_).dtype(), WEFT_DTYPE_FLOAT64);
  expect_tensor(ones({3}, x_, WEFT_DTYPE_BOOL), {1, 1, 1}, {3});
  EXPECT_EQ(ones({3}, x_, WEFT_DTYPE_BOOL).dtype(), WEFT_DTYPE_BOOL);
  expect_tensor(full({2}, 2.5, x_), {2.5, 2.5}, {2});
  const std::int64_t large = (std::int64_t{1} << 53) + 1;
  EXPECT_EQ(numbers(full({1}, large, x_, WEFT_DTYPE_INT64) + (-large)),
            std::vector<double>{0});  // not rounded on its way
  expect_tensor(full_like(x_, 7), {7, 7}, {2});
}

TEST_F(CreationTest, Ranges) {
  expect_tensor(arange(4, x_), {0, 1, 2, 3}, {4});
  EXPECT_EQ(arange(4, x_).dtype(), WEFT_DTYPE_INT64);
  expect_tensor(arange(0, x_), {}, {0});
  expect_tensor(arange(1.0, 2.0, 0.25, x_, WEFT_DTYPE_FLOAT64), {1, 1.25, 1.5, 1.75}, {4});
  expect_tensor(arange(3, -1, -2, x_, WEFT_DTYPE_INT64), {3, 1}, {2});
}

TEST_F(CreationTest, OneHotRows) {
  expect_tensor(one_hot(ints({2, 0}, {2}), 3), {0, 0, 1, 1, 0, 0}, {2, 3});
}

TEST_F(CreationTest, WrongArgumentsAreRefused) {
  EXPECT_THAT(refusal([&] { zeros({-2}, x_); }),
              ::testing::HasSubstr("aten::new_full(self float64[2], size [-2], fill_value 0, "
                                   "dtype float64): "));
  EXPECT_EQ(refusal([&] { ones({1}, x_, 99); }),
            "aten::new_full: argument \"dtype\" names element type 99, which there is not");
  EXPECT_THAT(refusal([&] { arange(0, 2, 0, x_, WEFT_DTYPE_INT64); }),
              ::testing::HasSubstr("step must be nonzero"));
  EXPECT_THAT(refusal([&] { one_hot(ints({3}, {1}), 3); }),
              ::testing::HasSubstr("aten::one_hot(self int64[1], num_classes 3): Class values must "
                                   "be smaller than num_classes."));
}

}  // namespace
}  // namespace weft::test
