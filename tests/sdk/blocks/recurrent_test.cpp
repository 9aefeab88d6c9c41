// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/declared.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

class LstmTest : public BlockTest {
 protected:
  std::vector<Tensor> weights(const std::string& layer) const {
    return {tensor(layer + ".weight_in"), tensor(layer + ".weight_hidden"),
            tensor(layer + ".bias_in"), tensor(layer + ".bias_hidden")};
  }
  Tensor one_way(const Tensor& x, const std::string& layer) const {
    const Tensor start = zeros({1, x.size(0), 2}, x);
    return lstm(x, start, start, weights(layer)).output;
  }
};

TEST_F(LstmTest, BothDirectionsInTwoLayers) {
  const Lstm block(parameters(), "lstm", {3, 4, 2, true, 0.0});
  EXPECT_EQ(tensor("lstm.layer_0.back.weight_in").sizes(), (Sizes{8, 3}));
  EXPECT_EQ(tensor("lstm.layer_1.ahead.weight_in").sizes(), (Sizes{8, 4}));
  begin();
  Tensor expected = normals({2, 5, 3}, 1);
  const Tensor x = expected;
  for (const std::string layer : {"lstm.layer_0", "lstm.layer_1"})
    expected = concat({one_way(expected, layer + ".ahead"),
                       flip(one_way(flip(expected, {1}), layer + ".back"), {1})},
                      -1);
  expect_tensor(block(x, Tensor()), numbers(expected), {2, 5, 4});
}

TEST_F(LstmTest, PaddingIsPassedOverWhereverItStands) {
  const Lstm block(parameters(), "lstm", {3, 4, 2, true, 0.0});
  begin();
  const Tensor x = normals({1, 5, 3}, 1);
  const Tensor holes = flags({0, 1, 1, 0, 1}, {1, 5});
  const Tensor real = index_select(x, 1, ints({1, 2, 4}, {3}));
  const Tensor expected = block(real, Tensor());
  const Tensor found = block(masked_fill(x, logical_not(holes).unsqueeze(-1), 1e30), holes);
  expect_tensor(index_select(found, 1, ints({1, 2, 4}, {3})), numbers(expected), {1, 3, 4});
  expect_tensor(index_select(found, 1, ints({0, 3}, {2})), std::vector<double>(8, 0.0), {1, 2, 4});
}

TEST_F(LstmTest, BeginsWithinTheBoundOfItsWidth) {
  const Lstm block(parameters(), "lstm", {50, 25, 1, false, 0.0});
  for (const char* name : {"lstm.layer_0.ahead.weight_in", "lstm.layer_0.ahead.weight_hidden"}) {
    EXPECT_LE(numbers(max(abs(tensor(name))))[0], 0.2 * (1 + 1e-6));
    EXPECT_GT(numbers(max(abs(tensor(name))))[0], 0.19);
  }
}

TEST_F(LstmTest, GradientsMatchDifferences) {
  const Lstm block(parameters(), "lstm", {2, 2, 1, true, 0.0});
  begin();
  const Tensor mask = flags({1, 1, 1, 1, 0, 0}, {2, 3});
  expect_all_gradients([&](All in) { return block(in[0], mask); }, {normals({2, 3, 2}, 1)});
}

TEST_F(LstmTest, DropsOutBetweenLayersInTrainingOnly) {
  const Lstm block(parameters(), "lstm", {2, 2, 2, false, 0.5});
  const Tensor x = normals({4, 6, 2}, 1);
  begin();
  const std::vector<double> still = numbers(block(x, Tensor()));
  begin(/*training=*/true, 3);
  const std::vector<double> dropped = numbers(block(x, Tensor()));
  EXPECT_NE(still, dropped);
  begin(/*training=*/true, 3);
  EXPECT_EQ(numbers(block(x, Tensor())), dropped);
}

TEST_F(LstmTest, TwoDirectionsNeedAnEvenWidth) {
  EXPECT_EQ(refusal([&] {
              Lstm(parameters(), "lstm", {2, 3, 1, true, 0.0});
            }),
            "dim: must be even for both directions, found 3");
}

}  // namespace
}  // namespace weft::test
