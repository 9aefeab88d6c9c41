// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/declared.hpp"

namespace weft::test {
namespace {

class LinearBlockTest : public BlockTest {};

TEST_F(LinearBlockTest, DropoutKeepsTheMeanAndItsProbability) {
  const Dropout half(0.5);
  const Tensor x = ones({10000}, doubles({0}, {1}));
  begin();
  EXPECT_EQ(numbers(half(x)), numbers(x));
  begin(/*training=*/true);
  const Tensor dropped = half(x);
  EXPECT_NEAR(numbers(mean(dropped, {}))[0], 1.0, 0.05);
  EXPECT_NEAR(numbers(sum(equal(dropped, 0)))[0], 5000, 250);
  EXPECT_EQ(numbers(max(dropped))[0], 2.0);
  EXPECT_EQ(refusal([] { Dropout(1.0); }), "dropout: must be from 0 to below 1, found 1.000000");
}

TEST_F(LinearBlockTest, TheFeedForwardNetworkIsItsFormula) {
  const FeedForward block(parameters(), "ffn", 3, 5, "silu", 0.0);
  begin();
  const Tensor x = normals({2, 3}, 1);
  const Tensor inner = silu(linear(x, tensor("ffn.in.weight"), tensor("ffn.in.bias")));
  expect_tensor(block(x), numbers(linear(inner, tensor("ffn.out.weight"), tensor("ffn.out.bias"))),
                {2, 3});
}

}  // namespace
}  // namespace weft::test
