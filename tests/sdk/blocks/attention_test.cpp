// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/sdk/declared.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

class AttentionBlockTest : public BlockTest {};

TEST_F(AttentionBlockTest, RotatesByTheFormula) {
  const Tensor x = normals({1, 2, 3, 4}, 1);
  const std::vector<double> values = numbers(x);
  std::vector<double> expected(values.size());
  for (std::size_t row = 0; row < 6; ++row)
    for (std::size_t j = 0; j < 2; ++j) {
      const double angle =
          static_cast<double>(row % 3) * std::pow(100.0, -2.0 * static_cast<double>(j) / 4.0);
      const double a = values[row * 4 + j], b = values[row * 4 + j + 2];
      expected[row * 4 + j] = a * std::cos(angle) - b * std::sin(angle);
      expected[row * 4 + j + 2] = b * std::cos(angle) + a * std::sin(angle);
    }
  expect_tensor(rotate_positions(x, 100.0), expected, {1, 2, 3, 4});
  // The same positions for each sample of the batch, given as [B, N].
  expect_tensor(rotate_positions(x, ints({0, 1, 2}, {1, 3}), 100.0), expected, {1, 2, 3, 4});
}

// What rotation is for: only the distance counts.
TEST_F(AttentionBlockTest, ProductsDependOnTheDistance) {
  const Tensor q = normals({1, 1, 1, 8}, 1), k = normals({1, 1, 1, 8}, 2);
  const auto product = [&](std::int64_t at_q, std::int64_t at_k) {
    return numbers(
        sum(rotate_positions(q, ints({at_q}, {1})) * rotate_positions(k, ints({at_k}, {1}))))[0];
  };
  EXPECT_NEAR(product(2, 7), product(10, 15), 1e-12);
  EXPECT_GT(std::abs(product(2, 7) - product(2, 8)), 1e-3);
  EXPECT_EQ(refusal([&] {
              rotate_positions(normals({1, 1, 1, 3}, 1));
            }),
            "rotary positions: the width of a head must be even, found 3");
}

/// softmax(q kᵀ / √d) v for each head of queries, with the keys that its group shares.
Tensor grouped(const Tensor& x, const Tensor& wq, const Tensor& wk, const Tensor& wv,
               const Tensor& allowed) {
  const Tensor none;
  const Tensor q = linear(x, wq, none), k = linear(x, wk, none), v = linear(x, wv, none);
  std::vector<Tensor> heads;
  for (const std::int64_t head : {0, 1, 2, 3}) {
    const std::int64_t group = head / 2 * 2;  // two heads of width 2 share a group of width 2
    const Tensor scores =
        matmul(q.slice(2, 2 * head, 2 * head + 2), k.slice(2, group, group + 2).transpose(1, 2)) /
        std::sqrt(2.0);
    const Tensor weights = softmax(masked_fill(scores, logical_not(allowed), -1e9), -1);
    heads.push_back(matmul(weights, v.slice(2, group, group + 2)));
  }
  return concat(heads, -1);
}

TEST_F(AttentionBlockTest, GroupsShareKeysAndValues) {
  GroupedAttentionOptions options;
  options.dim = 8;
  options.heads = 4;
  options.key_heads = 2;
  const GroupedAttention block(parameters(), "attention", options);
  EXPECT_EQ(tensor("attention.key.weight").sizes(), (Sizes{4, 8}));
  begin();
  const Tensor x = normals({2, 3, 8}, 1), mask = flags({1, 1, 1, 1, 1, 0}, {2, 3});
  const Tensor lower = flags({1, 0, 0, 1, 1, 0, 1, 1, 1}, {1, 3, 3});
  const auto expected = [&](const Tensor& allowed) {
    return numbers(
        linear(grouped(x, tensor("attention.query.weight"), tensor("attention.key.weight"),
                       tensor("attention.value.weight"), allowed),
               tensor("attention.out.weight"), Tensor()));
  };
  const Tensor wide = expand(mask.unsqueeze(1), {-1, 3, -1});
  expect_tensor(block(x, Tensor()), expected(ones({2, 3, 3}, mask)), {2, 3, 8});
  expect_tensor(block(x, mask), expected(wide), {2, 3, 8});
  expect_tensor(block(x, wide), expected(wide), {2, 3, 8});
  expect_tensor(block(x, Tensor(), true), expected(lower), {2, 3, 8});
  expect_tensor(block(x, mask, true), expected(logical_and(wide, lower)), {2, 3, 8});
}

TEST_F(AttentionBlockTest, RotaryGroupsHaveRightGradients) {
  GroupedAttentionOptions options{4, 2, 1, 10000.0, true};
  const GroupedAttention block(parameters(), "attention", options);
  begin();
  const Tensor mask = flags({1, 1, 0}, {1, 3});
  expect_all_gradients([&](All in) { return block(in[0], mask); }, {normals({1, 3, 4}, 1)});
  // With positions, order matters: without them a permutation of tokens permutes the result.
  const Tensor x = normals({1, 3, 4}, 2);
  const std::vector<double> there = numbers(block(x, Tensor())),
                            back = numbers(flip(block(flip(x, {1}), Tensor()), {1}));
  EXPECT_GT(std::abs(there[0] - back[0]), 1e-3);
}

TEST_F(AttentionBlockTest, WrongHeadsAreRejected) {
  const auto made = [&](std::int64_t dim, std::int64_t heads, std::int64_t key_heads, double base) {
    return refusal([=, this] {
      GroupedAttention(parameters(), "a", {dim, heads, key_heads, base, false});
    });
  };
  EXPECT_EQ(made(6, 4, 2, 0), "heads: 4 must divide dim 6");
  EXPECT_EQ(made(8, 4, 3, 0), "key_heads: 3 must divide heads 4");
  EXPECT_EQ(made(6, 2, 1, 100), "heads: dim / heads must be even for rotary positions, found 3");
}

}  // namespace
}  // namespace weft::test
