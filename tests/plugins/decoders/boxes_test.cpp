// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "decoder.boxes";
const char* const config =
    R"({"dim": 4, "heads": 2, "ffn_dim": 8, "layers": 1, "classes": 2, "queries": 3})";

Arrays state() {
  return {{"state", {random({2, 5, 4}, 1, DType::float64)}}, {"mask", {length_mask({5, 2}, 5)}}};
}

TEST(Boxes, ScoresAndLabelsFollowFromTheLogits) {
  Part part(id, config, {}, DType::float64);
  const auto out = part.run(state());
  ASSERT_EQ(out.at("logits").sizes, (std::vector<std::int64_t>{2, 3, 3}));
  for (std::int64_t q = 0; q < 6; ++q) {
    double p[3], sum = 0;
    for (std::int64_t v = 0; v < 3; ++v)
      sum += p[v] = std::exp(element(out.at("logits"), q * 3 + v));
    EXPECT_EQ(element(out.at("labels"), q), p[1] > p[0] ? 1 : 0);
    EXPECT_NEAR(element(out.at("scores"), q), std::max(p[0], p[1]) / sum, 1e-12);
  }
}

// With weights of 0 every guess is σ(bias): the middle 0.5, 0.5, width σ(1) and height σ(−1).
TEST(Boxes, EdgesLieHalfAWidthFromTheMiddle) {
  Part part(id, config, {}, DType::float64);
  part.fill("box.weight", 0);
  part.set("box.bias", floats({0, 0, 1, -1}, {4}, DType::float64));
  const Array boxes = part.run(state()).at("boxes");
  const double w = 1 / (1 + std::exp(-1.0)), h = 1 - w;
  for (std::int64_t q = 0; q < 6; ++q) {
    const double expected[] = {0.5 - w / 2, 0.5 - h / 2, 0.5 + w / 2, 0.5 + h / 2};
    for (std::int64_t i = 0; i < 4; ++i) EXPECT_NEAR(element(boxes, q * 4 + i), expected[i], 1e-12);
  }
}

TEST(Boxes, PaddingIsNotSeenAndGradientsMatchDifferences) {
  Part part(id, config, {}, DType::float64);
  const Arrays clean = state();
  Arrays dirty = clean;
  dirty["state"] = {poisoned(clean.at("state")[0], clean.at("mask")[0], 1e6)};
  for (const char* port : {"logits", "boxes"})
    expect_near(part.run(dirty).at(port), part.run(clean).at(port), 1e-12);
  expect_gradients(part, clean, "logits");
  expect_gradients(part, clean, "boxes");
}

/// Trained with loss.detection alone, the guesses come to lie on the objects.
TEST(Boxes, LearnsWhereTheObjectIs) {
  Part part(id, config, {}, DType::float64), loss("loss.detection", "{}", {}, DType::float64);
  int seed = 10;  // weights that do not depend on the tests before
  for (const std::string& name : part.parameter_names()) {
    Array weights = random(part.get(name).sizes, seed++, DType::float64);
    for (std::int64_t i = 0; i < weights.count(); ++i) weights.data<double>()[i] *= 0.5;
    part.set(name, weights);
  }
  const Arrays in = state();
  const Array target = floats({0.1, 0.1, 0.3, 0.4, 0.5, 0.6, 0.9, 0.9}, {2, 1, 4}, DType::float64);
  const auto measure = [&] {
    const auto out = part.run(in);
    return Arrays{{"logits", {out.at("logits")}},
                  {"boxes", {out.at("boxes")}},
                  {"target", {target}},
                  {"target_label", {ints({1, 0}, {2, 1})}}};
  };
  const Array one = floats({1}, {}, DType::float64);
  const double before = element(loss.run(measure()).at("loss"), 0);
  for (int step = 0; step < 150; ++step) {
    const auto seeds = loss.gradients(measure(), "loss", one).inputs;
    std::map<std::string, Array> changed;
    for (const char* port : {"logits", "boxes"})
      for (const auto& [name, gradient] : part.gradients(in, port, seeds.at(port)[0]).parameters) {
        if (!gradient.bytes) continue;
        if (!changed.contains(name)) changed[name] = part.get(name);
        for (std::int64_t i = 0; i < gradient.count(); ++i)
          changed[name].data<double>()[i] -= 0.02 * element(gradient, i);
      }
    for (const auto& [name, values] : changed) part.set(name, values);
  }
  EXPECT_LT(element(loss.run(measure()).at("loss"), 0), 0.5 * before);
}

TEST(Boxes, RejectsHeadsThatDoNotDivide) {
  EXPECT_THAT(rejection(id, R"({"dim": 4, "heads": 3})"), testing::HasSubstr("heads"));
}

}  // namespace
}  // namespace weft::test
