// SPDX-License-Identifier: Apache-2.0
/// Layers against their equations written out.

#include <cmath>

#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

class LayersTest : public SdkTest {
 protected:
  const Tensor x_ = normals({2, 3, 4}, 1);
};

TEST_F(LayersTest, Normalisation) {
  const Tensor weight = normals({4}, 2), bias = normals({4}, 3);
  const Tensor centred = x_ - mean(x_, {2}, true);
  expect_tensor(layer_norm(x_, {4}, weight, bias, 1e-3),
                numbers(centred / sqrt(var(x_, {2}, true) + 1e-3) * weight + bias), {2, 3, 4});
  expect_tensor(rms_norm(x_, {4}, weight, 1e-3),
                numbers(x_ / sqrt(mean(x_ * x_, {2}, true) + 1e-3) * weight), {2, 3, 4});
  expect_tensor(rms_norm(x_, {4}, Tensor(), 0.5),
                numbers(x_ / sqrt(mean(x_ * x_, {2}, true) + 0.5)), {2, 3, 4});
}

TEST_F(LayersTest, GroupNormalisation) {
  const Tensor x = normals({2, 4, 3}, 4), weight = normals({4}, 5), bias = normals({4}, 6);
  const Tensor groups = x.reshape({2, 2, 6});
  const Tensor normed =
      ((groups - mean(groups, {2}, true)) / sqrt(var(groups, {2}, true) + 1e-3)).reshape({2, 4, 3});
  expect_tensor(group_norm(x, 2, weight, bias, 1e-3),
                numbers(normed * weight.unsqueeze(-1) + bias.unsqueeze(-1)), {2, 4, 3});
}

TEST_F(LayersTest, BatchNormalisationMovesTheRunningStatistics) {
  const Tensor x = normals({5, 2}, 7), running_mean = zeros({2}, x), running_var = ones({2}, x);
  const Tensor y = batch_norm(x, Tensor(), Tensor(), running_mean, running_var, true, 0.25, 1e-3);
  expect_tensor(y, numbers((x - mean(x, {0})) / sqrt(var(x, {0}) + 1e-3)), {5, 2});
  expect_tensor(running_mean, numbers(0.25 * mean(x, {0})), {2});
  expect_tensor(running_var, numbers(0.25 * var(x, {0}, false, 1) + 0.75), {2});
  expect_tensor(batch_norm(x, Tensor(), Tensor(), running_mean, running_var, false, 0.25, 1e-3),
                numbers((x - running_mean) / sqrt(running_var + 1e-3)), {5, 2});
}

TEST_F(LayersTest, CrossEntropy) {
  const Tensor logits = normals({2, 3, 4}, 8), target = ints({0, 3, -100, 2, -100, 1}, {2, 3});
  const std::vector<double> log_p = numbers(log_softmax(logits, -1));
  const std::vector<double> classes = numbers(target);
  for (const double smoothing : {0.0, 0.25}) {
    std::vector<double> expected;
    for (std::size_t row = 0; row < 6; ++row) {
      double even = 0.0;
      for (std::size_t v = 0; v < 4; ++v) even -= log_p[row * 4 + v] / 4;
      const double chosen =
          classes[row] < 0 ? 0.0 : -log_p[row * 4 + static_cast<std::size_t>(classes[row])];
      expected.push_back(classes[row] < 0 ? 0.0 : (1 - smoothing) * chosen + smoothing * even);
    }
    expect_tensor(cross_entropy(logits, target, -100, smoothing), expected, {2, 3});
  }
}

double sigmoid_of(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

/// Row `row` of W x + b.
double affine(const Tensor& weight, const Tensor& bias, const std::vector<double>& x,
              std::size_t row) {
  const std::vector<double> w = numbers(weight), b = numbers(bias);
  double total = b[row];
  for (std::size_t i = 0; i < x.size(); ++i) total += w[row * x.size() + i] * x[i];
  return total;
}

/// One layer on one sequence, step by step; `x` is replaced by the hidden states.
void step_lstm(const std::vector<Tensor>& w, std::size_t size, std::vector<std::vector<double>>& x,
               std::vector<double> h, std::vector<double> c) {
  for (std::vector<double>& at : x) {
    const auto gate = [&](std::size_t which, std::size_t k) {
      const std::size_t row = which * size + k;
      return affine(w[0], w[2], at, row) + affine(w[1], w[3], h, row);
    };
    std::vector<double> next(size);
    for (std::size_t k = 0; k < size; ++k) {
      c[k] = sigmoid_of(gate(1, k)) * c[k] + sigmoid_of(gate(0, k)) * std::tanh(gate(2, k));
      next[k] = sigmoid_of(gate(3, k)) * std::tanh(c[k]);
    }
    h = at = next;
  }
}

void step_gru(const std::vector<Tensor>& w, std::size_t size, std::vector<std::vector<double>>& x,
              std::vector<double> h) {
  for (std::vector<double>& at : x) {
    std::vector<double> next(size);
    for (std::size_t k = 0; k < size; ++k) {
      const auto in = [&](std::size_t which) { return affine(w[0], w[2], at, which * size + k); };
      const auto old = [&](std::size_t which) { return affine(w[1], w[3], h, which * size + k); };
      const double r = sigmoid_of(in(0) + old(0)), z = sigmoid_of(in(1) + old(1));
      next[k] = (1 - z) * std::tanh(in(2) + r * old(2)) + z * h[k];
    }
    h = at = next;
  }
}

std::vector<Tensor> recurrent_weights(std::int64_t gates) {
  return {normals({gates * 2, 3}, 11), normals({gates * 2, 2}, 12), normals({gates * 2}, 13),
          normals({gates * 2}, 14),    normals({gates * 2, 2}, 15), normals({gates * 2, 2}, 16),
          normals({gates * 2}, 17),    normals({gates * 2}, 18)};
}

TEST_F(LayersTest, RecurrentLayersFollowTheirEquations) {
  const Tensor x = normals({1, 4, 3}, 19), h = normals({2, 1, 2}, 20), c = normals({2, 1, 2}, 21);
  const std::vector<double> values = numbers(x), hs = numbers(h), cs = numbers(c);
  std::vector<std::vector<double>> lstm_steps;
  for (std::size_t t = 0; t < 4; ++t)
    lstm_steps.push_back({values[3 * t], values[3 * t + 1], values[3 * t + 2]});
  std::vector<std::vector<double>> gru_steps = lstm_steps;
  const std::vector<Tensor> four = recurrent_weights(4), three = recurrent_weights(3);
  for (const std::size_t layer : {0u, 1u}) {
    const auto part = static_cast<std::ptrdiff_t>(4 * layer);
    const std::vector<double> first{hs[2 * layer], hs[2 * layer + 1]};
    step_lstm({four.begin() + part, four.begin() + part + 4}, 2, lstm_steps, first,
              {cs[2 * layer], cs[2 * layer + 1]});
    step_gru({three.begin() + part, three.begin() + part + 4}, 2, gru_steps, first);
  }
  const auto flat = [](const std::vector<std::vector<double>>& steps) {
    std::vector<double> all;
    for (const auto& step : steps) all.insert(all.end(), step.begin(), step.end());
    return all;
  };
  const LstmOutput long_term = lstm(x, h, c, four);
  expect_tensor(long_term.output, flat(lstm_steps), {1, 4, 2});
  expect_tensor(long_term.hidden.select(0, 1), lstm_steps.back(), {1, 2});
  EXPECT_EQ(long_term.cell.sizes(), (Sizes{2, 1, 2}));
  const GruOutput gated = gru(x, h, three);
  expect_tensor(gated.output, flat(gru_steps), {1, 4, 2});
  expect_tensor(gated.hidden.select(0, 1), gru_steps.back(), {1, 2});
}

TEST_F(LayersTest, GradientsMatchDifferences) {
  expect_gradients([](All in) { return rms_norm(in[0], {3}, in[1], 1e-3); },
                   {normals({2, 3}, 1), normals({3}, 2)});
  expect_gradients([](All in) { return group_norm(in[0], 2, in[1], in[2], 1e-3); },
                   {normals({2, 4, 2}, 1), normals({4}, 2), normals({4}, 3)});
  expect_gradients(
      [](All in) {
        return cross_entropy(in[0], ints({2, -100, 0}, {3}), -100, 0.1);
      },
      {normals({3, 4}, 4)});
  const auto inputs = [](std::int64_t gates, bool cell) {
    std::vector<Tensor> all{normals({2, 3, 3}, 5), normals({2, 2, 2}, 6)};
    if (cell) all.push_back(normals({2, 2, 2}, 7));
    for (const Tensor& weight : recurrent_weights(gates)) all.push_back(weight);
    return all;
  };
  expect_gradients(
      [](All in) {
        const LstmOutput out = lstm(in[0], in[1], in[2], {in.begin() + 3, in.end()});
        return out.output * 2.0 + (out.hidden + out.cell).select(0, 0).unsqueeze(1);
      },
      inputs(4, true));
  expect_gradients(
      [](All in) {
        return gru(in[0], in[1], {in.begin() + 2, in.end()}).output;
      },
      inputs(3, false));
}

TEST_F(LayersTest, WrongArgumentsAreRefused) {
  EXPECT_THAT(refusal([&] { rms_norm(x_, {5}, Tensor(), 1e-5); }),
              ::testing::HasSubstr("aten::rms_norm(input float64[2, 3, 4], normalized_shape [5], "
                                   "weight none, eps 1e-05): "));
  EXPECT_THAT(
      refusal([&] { group_norm(x_, 2, Tensor(), Tensor(), 1e-5); }),
      ::testing::HasSubstr("Expected number of channels in input to be divisible by "
                           "num_groups, but got input of shape [2, 3, 4] and num_groups=2"));
  EXPECT_THAT(refusal([&] {
                cross_entropy(x_, ints({0, 1, 4, 0, 0, 0}, {2, 3}));
              }),
              ::testing::HasSubstr("Target 4 is out of bounds."));
  EXPECT_THAT(
      refusal([&] { cross_entropy(x_, ints({0}, {1})); }),
      ::testing::HasSubstr("Expected input batch_size (6) to match target batch_size (1)."));
  const Tensor h = normals({1, 2, 2}, 1);
  const std::vector<Tensor> wrong{normals({8, 3}, 1), normals({8, 2}, 2), normals({8}, 3),
                                  normals({8}, 4)};
  EXPECT_THAT(refusal([&] { lstm(x_, h, h, wrong); }),
              ::testing::HasSubstr("aten::lstm.input(input float64[2, 3, 4], "));
  EXPECT_THAT(refusal([&] {
                lstm(x_, h, h, {wrong[0], wrong[1]});
              }),
              ::testing::HasSubstr("aten::lstm.input(input float64[2, 3, 4], "));
  EXPECT_THAT(refusal([&] { gru(x_, h, wrong); }),
              ::testing::HasSubstr("aten::gru.input(input float64[2, 3, 4], "));
}

}  // namespace
}  // namespace weft::test
