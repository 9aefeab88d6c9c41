// SPDX-License-Identifier: Apache-2.0
#include "tests/sdk/declared.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

class NormTest : public BlockTest {};

TEST_F(NormTest, RootMeanSquare) {
  const RmsNorm block(parameters(), "norm", 4, 1e-3);
  begin();
  const Tensor x = normals({2, 3, 4}, 1);
  expect_tensor(block(x), numbers(x / sqrt(mean(x * x, {2}, true) + 1e-3)), {2, 3, 4});
  EXPECT_EQ(names_, (std::vector<std::string>{"norm.weight"}));
  expect_all_gradients([&](All in) { return block(in[0]); }, {x});
}

TEST_F(NormTest, Groups) {
  const GroupNorm block(parameters(), "norm", 2, 4, 1e-3);
  begin();
  const Tensor x = normals({2, 4, 3}, 1), groups = x.reshape({2, 2, 6});
  expect_tensor(block(x),
                numbers((groups - mean(groups, {2}, true)) / sqrt(var(groups, {2}, true) + 1e-3)),
                {2, 4, 3});
  expect_all_gradients([&](All in) { return block(in[0]); }, {x});
  EXPECT_EQ(traits_, 0u);  // no sample sees another
  EXPECT_EQ(refusal([&] { GroupNorm(parameters(), "wrong", 3, 4); }),
            "groups: 3 must divide channels 4");
}

TEST_F(NormTest, BatchInTraining) {
  const BatchNorm block(parameters(), "norm", 2, 0.25, 1e-3);
  EXPECT_EQ(traits_, WEFT_COUPLES_SAMPLES);
  EXPECT_EQ(buffer_names_, (std::vector<std::string>{"norm.running_mean", "norm.running_var"}));
  begin(/*training=*/true);
  const Tensor x = normals({3, 2, 4}, 1);
  const Tensor centre = mean(x, {0, 2}, true), spread = var(x, {0, 2}, true);
  // A step in two pieces of unlike size moves the buffers as one in one piece does.
  block(x.slice(0, 0, 1));
  block(x.slice(0, 1, 3));
  EXPECT_EQ(numbers(tensor("norm.running_mean")), (std::vector<double>{0, 0}));
  step();
  expect_tensor(tensor("norm.running_mean"), numbers(0.25 * centre), {2});
  expect_tensor(tensor("norm.running_var"), numbers(0.25 * var(x, {0, 2}, false, 1) + 0.75), {2});
  expect_tensor(block(x), numbers((x - centre) / sqrt(spread + 1e-3)), {3, 2, 4});
  expect_all_gradients([&](All in) { return block(in[0]); }, {x});
  EXPECT_EQ(refusal([&] {
              block(normals({1, 2}, 1));
            }),
            "batch normalisation: training needs two values of each channel or more, found 1. Take "
            "a larger batch, or GroupNorm.");
}

TEST_F(NormTest, BatchInEvaluationUsesWhatItLearnt) {
  const BatchNorm block(parameters(), "norm", 2, 0.5, 1e-3);
  const Tensor x = normals({3, 2, 4}, 1);
  begin(/*training=*/true);
  block(x);
  step();
  begin(/*training=*/false);
  const std::vector<double> before = numbers(tensor("norm.running_mean"));
  const Tensor centre = tensor("norm.running_mean").unsqueeze(-1);
  const Tensor spread = tensor("norm.running_var").unsqueeze(-1);
  expect_tensor(block(x), numbers((x - centre) / sqrt(spread + 1e-3)), {3, 2, 4});
  EXPECT_EQ(numbers(tensor("norm.running_mean")), before);
  // A sample does not depend on the others.
  expect_tensor(block(x.slice(0, 0, 1)), numbers(block(x).slice(0, 0, 1)), {1, 2, 4});
}

}  // namespace
}  // namespace weft::test
