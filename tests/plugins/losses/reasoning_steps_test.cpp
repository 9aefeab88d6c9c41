// SPDX-License-Identifier: Apache-2.0

#include <cmath>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.reasoning_steps";
constexpr std::int64_t k_classes = 5;

// Token 4 ends a step: "1 4 | 2 3 4 | 1", and behind the second sample's end padding.
const std::vector<std::int64_t> k_target{1, 4, 2, 3, 4, 1, 2, 2, 4, 3, 0, 0};
const std::vector<std::int64_t> k_step{0, 0, 1, 1, 1, 2, 0, 0, 0, 1, 1, 1};

Arrays inputs() {
  return {{"logits", {random({2, 6, k_classes}, 1, DType::float64)}},
          {"target", {ints(k_target, {2, 6})}},
          {"mask", {length_mask({6, 4}, 6)}}};
}

double probability(const Array& logits, std::int64_t at, std::int64_t token) {
  double sum = 0;
  for (std::int64_t v = 0; v < k_classes; ++v) sum += std::exp(element(logits, at * k_classes + v));
  return std::exp(element(logits, at * k_classes + token)) / sum;
}

/// Loss and weight by the formula; `first` is 1 where the next token is meant.
std::pair<double, double> by_formula(const Array& logits, const std::vector<double>& weights,
                                     const std::vector<double>& score, double beta,
                                     std::int64_t first) {
  double loss = 0, weight = 0;
  for (std::int64_t row = 0; row < 2; ++row)
    for (std::int64_t t = first; t < (row == 0 ? 6 : 4); ++t) {
      const auto at = static_cast<std::size_t>(row * 6 + t);
      const auto step = static_cast<std::size_t>(k_step[at]);
      const double w = weights[std::min(step, weights.size() - 1)];
      const double p = probability(logits, row * 6 + t - first, k_target[at]);
      const double v =
          score.empty() ? 1
                        : score[static_cast<std::size_t>(row) * 2 + std::min<std::size_t>(step, 1)];
      loss += w * (-v * std::log(p) - beta * (1 - v) * std::log(1 - p));
      weight += w;
    }
  return {loss, weight};
}

TEST(ReasoningSteps, WeighsTheTokensOfEachStep) {
  const Arrays in = inputs();
  for (const std::int64_t next : {0, 1}) {
    Part part(id,
              std::string(R"({"ends": [4], "weights": [1, 0.5, 3], "next_token": )") +
                  (next == 1 ? "true}" : "false}"),
              {}, DType::float64);
    const auto [loss, weight] = by_formula(in.at("logits")[0], {1, 0.5, 3}, {}, 1, next);
    const auto out = part.run(in);
    EXPECT_NEAR(element(out.at("loss"), 0), loss, 1e-12);
    EXPECT_NEAR(element(out.at("weight"), 0), weight, 1e-12);
    expect_gradients(part, in, "loss");
  }
}

TEST(ReasoningSteps, EvenWeightsAreCrossEntropy) {
  Part part(id, R"({"ends": [4]})", {}, DType::float64),
      plain("loss.cross_entropy", R"({"next_token": true})", {}, DType::float64);
  const auto out = part.run(inputs()), expected = plain.run(inputs());
  EXPECT_NEAR(element(out.at("loss"), 0), element(expected.at("loss"), 0), 1e-12);
  EXPECT_EQ(element(out.at("weight"), 0), element(expected.at("weight"), 0));
}

TEST(ReasoningSteps, AVerifiersScorePullsWrongStepsDown) {
  Arrays in = inputs();
  const std::vector<double> score{1, 0.25, 0, 1};
  in["score"] = {floats(score, {2, 2}, DType::float64)};
  Part part(id, R"({"ends": [4], "weights": [1, 2], "penalty": 0.7})", {}, DType::float64);
  const auto [loss, weight] = by_formula(in.at("logits")[0], {1, 2}, score, 0.7, 1);
  const auto out = part.run(in);
  EXPECT_NEAR(element(out.at("loss"), 0), loss, 1e-12);
  EXPECT_NEAR(element(out.at("weight"), 0), weight, 1e-12);
  // The second sample's first step is wrong: a higher score of its token makes the loss larger.
  const auto gradient = part.gradients(in, "loss", floats({1}, {}, DType::float64)).inputs;
  EXPECT_GT(element(gradient.at("logits")[0], 6 * k_classes + k_target[7]), 0.0);
  EXPECT_LT(element(gradient.at("logits")[0], 0 * k_classes + k_target[1]), 0.0);
}

TEST(ReasoningSteps, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"weights": []})"), testing::HasSubstr("weights"));
  EXPECT_THAT(rejection(id, R"({"penalty": -1})"), testing::HasSubstr("penalty"));
}

}  // namespace
}  // namespace weft::test
