// SPDX-License-Identifier: Apache-2.0
/// loss.cross_entropy against torch.nn.functional.cross_entropy.

#include <cmath>
#include <limits>

#include "host/base/error.hpp"
#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.cross_entropy";

double value(const std::map<std::string, Array>& out, const char* port) {
  return element(out.at(port), 0);
}

TEST(CrossEntropy, MatchesTorch) {
  const Weights from = reference("losses_torch");
  const Arrays inputs{{"logits", {from.at("in.logits")}}, {"target", {from.at("in.targets")}}};
  const std::map<std::string, std::string> cases{
      {"cross_entropy", "{}"}, {"cross_entropy_smooth_0.1", R"({"label_smoothing": 0.1})"}};
  for (const auto& [name, config] : cases) {
    Part part(id, config);
    const auto out = part.run(inputs);
    EXPECT_EQ(value(out, "weight"), 5.0);  // one of the six is ignored
    EXPECT_NEAR(value(out, "loss") / 5.0, element(from.at("out." + name), 0), 1e-5);
    const auto gradients = part.gradients(inputs, "loss", floats({0.2}, {}));
    EXPECT_LE(relative_error(gradients.inputs.at("logits")[0], from.at("grad." + name + ".0")),
              1e-4);
  }
}

TEST(CrossEntropy, MatchesTorchOnTheNextToken) {
  const Weights from = reference("losses");
  Part part(id, R"({"next_token": true, "label_smoothing": 0.2, "ignore_index": 4})", {},
            DType::float64);
  const Arrays inputs{{"logits", {from.at("in.tokens.logits")}},
                      {"target", {from.at("in.tokens.target")}},
                      {"mask", {as_mask(from.at("in.tokens.mask"))}}};
  const auto out = part.run(inputs);
  EXPECT_NEAR(value(out, "loss"), element(from.at("out.tokens"), 0), 1e-10);
  EXPECT_EQ(value(out, "weight"), element(from.at("out.tokens.weight"), 0));
  const auto gradients = part.gradients(inputs, "loss", floats({1}, {}, DType::float64));
  EXPECT_LE(relative_error(gradients.inputs.at("logits")[0], from.at("grad.tokens.logits")), 1e-9);
}

TEST(CrossEntropy, EvenScoresCostTheLogarithmOfTheirNumber) {
  Part part(id);
  const auto out = part.run({{"logits", {floats({3, 3, 3, 3, -1, -1, -1, -1}, {2, 4})}},
                             {"target", {ints({0, 3}, {2})}}});
  EXPECT_NEAR(value(out, "loss"), 2 * std::log(4.0), 1e-6);
  EXPECT_EQ(value(out, "weight"), 2.0);
}

Array row_of(const Array& array, std::int64_t row) {
  const std::int64_t width = array.count() / array.sizes[0];
  std::vector<double> values;
  for (std::int64_t i = 0; i < width; ++i) values.push_back(element(array, row * width + i));
  std::vector<std::int64_t> sizes = array.sizes;
  sizes[0] = 1;
  if (array.dtype == DType::int64) return ints({values.begin(), values.end()}, sizes);
  if (array.dtype == DType::boolean) return mask({values.begin(), values.end()}, sizes);
  return floats(values, sizes, array.dtype);
}

TEST(CrossEntropy, EachIsTheLossOfARowAlone) {
  const Arrays inputs{{"logits", {random({3, 4, 5}, 1, DType::float64)}},
                      {"target", {ints({0, 1, 2, 3, 4, 0, -100, 1, 2, 2, 2, 2}, {3, 4})}},
                      {"mask", {mask({1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0}, {3, 4})}}};
  for (const char* config : {"{}", R"({"next_token": true, "z_loss": 0.1})",
                             R"({"label_smoothing": 0.2, "class_weights": [1, 2, 3, 4, 5]})"}) {
    Part part(id, config, {}, DType::float64);
    const Array each = part.run(inputs).at("each");
    ASSERT_EQ(each.sizes, std::vector<std::int64_t>{3});
    for (std::int64_t row = 0; row < 3; ++row) {
      Arrays alone;
      for (const auto& [port, wires] : inputs) alone[port] = {row_of(wires[0], row)};
      const auto out = part.run(alone);
      const double weight = value(out, "weight");
      EXPECT_NEAR(element(each, row), weight == 0.0 ? 0.0 : value(out, "loss") / weight, 1e-12)
          << config << ", row " << row;
    }
    EXPECT_EQ(element(each, 2), 0.0) << "of which nothing counts";
  }
}

TEST(CrossEntropy, MaskedTargetsCountForNothing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Part part(id);
  const Array logits = random({2, 3, 4}, 1), real = length_mask({3, 1}, 3);
  const auto run = [&](double poison, std::int64_t padding) {
    return part.run({{"logits", {poisoned(logits, real, poison)}},
                     {"target", {ints({0, 1, 2, 3, padding, padding}, {2, 3})}},
                     {"mask", {real}}});
  };
  EXPECT_EQ(value(run(nan, 99), "loss"), value(run(0.0, 0), "loss"));  // 99 is no class
  EXPECT_EQ(value(run(nan, 99), "weight"), 4.0);
}

TEST(CrossEntropy, WithoutATargetBothSumsAreZero) {
  Part part(id);
  const auto out = part.run({{"logits", {random({1, 3}, 1)}}, {"target", {ints({-100}, {1})}}});
  EXPECT_EQ(value(out, "loss"), 0.0);
  EXPECT_EQ(value(out, "weight"), 0.0);
}

TEST(CrossEntropy, GradientsMatchDifferences) {
  Part part(id, R"({"next_token": true, "label_smoothing": 0.1})", {}, DType::float64);
  expect_gradients(part,
                   {{"logits", {random({2, 4, 3}, 1, DType::float64)}},
                    {"target", {ints({0, 1, 2, 0, 1, 2, 2, 0}, {2, 4})}},
                    {"mask", {length_mask({4, 2}, 4)}}},
                   "loss");
}

TEST(CrossEntropy, InfersScalars) {
  const Part part(id, R"({"next_token": true})");
  const auto shapes = part.infer(
      {{"logits", {random({2, 3, 4}, 1)}}, {"target", {ints({0, 0, 0, 0, 0, 0}, {2, 3})}}});
  EXPECT_EQ(shapes.at("loss"), (std::vector<std::int64_t>{}));
  EXPECT_EQ(shapes.at("weight"), (std::vector<std::int64_t>{}));
}

/// Σ_t w(y_t) [ −log p_t(y_t) + ζ Z_t² ] and Σ_t w(y_t), in loops of its own.
std::pair<double, double> weighted(const Array& logits, const std::vector<std::int64_t>& target,
                                   const std::vector<double>& weights, double zeta) {
  const std::int64_t classes = logits.sizes.back();
  double loss = 0, weight = 0;
  for (std::size_t t = 0; t < target.size(); ++t) {
    if (target[t] < 0) continue;
    const auto at = [&](std::int64_t v) {
      return element(logits, static_cast<std::int64_t>(t) * classes + v);
    };
    double sum = 0;
    for (std::int64_t v = 0; v < classes; ++v) sum += std::exp(at(v));
    const double z = std::log(sum), w = weights[static_cast<std::size_t>(target[t])];
    loss += w * (z - at(target[t]) + zeta * z * z);
    weight += w;
  }
  return {loss, weight};
}

TEST(CrossEntropy, ClassWeightsAndZLossAreTheirFormulas) {
  const Array logits = random({5, 3}, 4, DType::float64);
  const std::vector<std::int64_t> target{0, 2, -100, 1, 2};
  const Arrays inputs{{"logits", {logits}}, {"target", {ints(target, {5})}}};
  const std::vector<double> even{1, 1, 1}, uneven{0.5, 2, 0};
  struct Case {
    const char* config;
    std::vector<double> weights;
    double zeta;
  };
  for (const auto& [config, weights, zeta] :
       {Case{R"({"class_weights": [0.5, 2, 0]})", uneven, 0},
        Case{R"({"z_loss": 0.01})", even, 0.01},
        Case{R"({"class_weights": [0.5, 2, 0], "z_loss": 0.3})", uneven, 0.3}}) {
    Part part(id, config, {}, DType::float64);
    const auto [loss, weight] = weighted(logits, target, weights, zeta);
    const auto out = part.run(inputs);
    EXPECT_NEAR(value(out, "loss"), loss, 1e-12) << config;
    EXPECT_EQ(value(out, "weight"), weight) << config;
    expect_gradients(part, inputs, "loss");
  }
}

// torch.nn.functional.cross_entropy with weights smooths over weighted classes: with the class y of
// logits 0, all at log 2, −(1 − ε) w_y log ½ − ε (w_0 + w_1) / 2 log ½.
TEST(CrossEntropy, SmoothingIsSpreadByTheClassWeights) {
  Part part(id, R"({"class_weights": [3, 1], "label_smoothing": 0.2})", {}, DType::float64);
  const auto out = part.run(
      {{"logits", {floats({0, 0}, {1, 2}, DType::float64)}}, {"target", {ints({0}, {1})}}});
  EXPECT_NEAR(value(out, "loss"), (0.8 * 3 + 0.2 * 2) * std::log(2.0), 1e-12);
  EXPECT_EQ(value(out, "weight"), 3.0);
}

TEST(CrossEntropy, RejectsAnotherNumberOfClassWeights) {
  const Part part(id, R"({"class_weights": [1, 2]})");
  try {
    part.infer({{"logits", {random({2, 4}, 1)}}, {"target", {ints({0, 1}, {2})}}});
    FAIL() << "four classes and two weights";
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("class_weights: has 2 numbers, but the logits "
                                                 "score 4 classes"));
  }
}

TEST(CrossEntropy, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"next_token": 2})"), testing::HasSubstr("next_token"));
  EXPECT_THAT(rejection(id, R"({"label_smoothing": 1.0})"), testing::HasSubstr("label_smoothing"));
  const Part part(id, R"({"next_token": true})");
  try {
    part.infer({{"logits", {random({2, 4}, 1)}}, {"target", {ints({0, 1}, {2})}}});
    FAIL() << "a target [B] has no next one";
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("next_token: compares a token with the one "
                                                 "before, so it needs a target [B, S], not [B]"));
  }
}

}  // namespace
}  // namespace weft::test
