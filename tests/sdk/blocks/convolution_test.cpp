// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/declared.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

class ConvolutionBlockTest : public BlockTest {};

TEST_F(ConvolutionBlockTest, OverTime) {
  const Conv1d block(parameters(), "conv", 4, 6, 3, {2, 1, 2, 2});
  EXPECT_EQ(names_, (std::vector<std::string>{"conv.weight", "conv.bias"}));
  EXPECT_EQ(tensor("conv.weight").sizes(), (Sizes{6, 2, 3}));
  begin();
  const Tensor x = normals({2, 4, 9}, 1);
  const Tensor expected =
      conv1d(x, tensor("conv.weight"), Tensor(), /*stride=*/2, /*padding=*/1, /*groups=*/2,
             /*dilation=*/2);
  expect_tensor(block(x), numbers(expected), {2, 6, 4});
  expect_all_gradients([&](All in) { return block(in[0]); }, {normals({1, 4, 5}, 2)});
}

TEST_F(ConvolutionBlockTest, OverPictures) {
  ConvolutionOptions options;
  options.stride = 2;
  options.padding = 1;
  options.bias = false;
  const Conv2d block(parameters(), "conv", 2, 3, 3, options);
  EXPECT_EQ(names_, (std::vector<std::string>{"conv.weight"}));
  begin();
  const Tensor x = normals({1, 2, 5, 4}, 1);
  expect_tensor(block(x), numbers(conv2d(x, tensor("conv.weight"), Tensor(), {2, 2}, {1, 1})),
                {1, 3, 3, 2});
  expect_all_gradients([&](All in) { return block(in[0]); }, {x});
}

TEST_F(ConvolutionBlockTest, GroupsDivideBothChannels) {
  EXPECT_EQ(refusal([&] {
              Conv1d(parameters(), "a", 4, 6, 3, {1, 0, 1, 4});
            }),
            "groups: 4 must divide the channels 4 and 6");
  EXPECT_EQ(refusal([&] {
              Conv2d(parameters(), "b", 4, 6, 3, {1, 0, 1, 0});
            }),
            "groups: 0 must divide the channels 4 and 6");
}

TEST_F(ConvolutionBlockTest, TheOlderOnePutsTimeFirst) {
  const Convolution block(parameters(), "conv", 2, 3, 3, 2);
  begin();
  const Tensor x = normals({2, 5, 2}, 1);
  const Tensor expected =
      conv1d(x.transpose(1, 2), tensor("conv.weight"), Tensor(), 2, 1).transpose(1, 2);
  expect_tensor(block(x), numbers(expected), {2, 3, 3});
  EXPECT_EQ(refusal([&] { Convolution(parameters(), "even", 2, 3, 4); }),
            "kernel: must be odd, found 4");
}

}  // namespace
}  // namespace weft::test
