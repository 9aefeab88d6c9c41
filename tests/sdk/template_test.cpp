// SPDX-License-Identifier: Apache-2.0
/// What `weft new` writes computes what it says; new_test.py built the libraries.

#include <cmath>

#include "tests/support/component.hpp"

namespace weft::test {
namespace {

constexpr DType f64 = DType::float64;

std::string id(const std::string& kind) {
  return "acme/" + kind + ".night_owl_" + kind;
}

const Arrays frames{{"features", {floats({1, 2, 3, 4, 5, 6}, {1, 3, 2}, f64)}},
                    {"mask", {mask({1, 1, 0}, {1, 3})}}};

void give_projection(Part& part, const std::string& name) {  // y = (x_0 + 2 x_1, −x_0 + 0.5)
  part.set(name + ".weight", floats({1, 2, -1, 0}, {2, 2}, f64));
  part.set(name + ".bias", floats({0, 0.5}, {2}, f64));
}

class EncoderTemplate : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Compilers, EncoderTemplate,
                         testing::Values("acme/encoder.night_owl_encoder", "acme/encoder.robin"),
                         [](const auto& one) { return one.index == 0 ? "gcc" : "clang_libcxx"; });

TEST_P(EncoderTemplate, ProjectsEachFrame) {
  Part part(GetParam(), R"({"features": 2, "dim": 2})", {}, f64);
  give_projection(part, "project");
  const auto out = part.run(frames);
  expect_near(out.at("tokens"), floats({5, -0.5, 11, -2.5, 17, -4.5}, {1, 3, 2}, f64), 1e-12);
  expect_near(out.at("mask"), frames.at("mask")[0], 0.0);
  expect_near(out.at("pooled"), floats({8, -1.5}, {1, 2}, f64), 1e-12);  // of the two real frames
  expect_gradients(part, frames, "pooled");
}

TEST(FusionTemplate, ScalesEachChannelByItsGate) {
  Part part(id("fusion"), R"({"dim": 2})", {{"streams", 2}}, f64);
  part.set("gate_0", floats({std::log(3.0), 0}, {2}, f64));  // σ: 3/4, 1/2
  const Arrays streams{
      {"streams", {floats({4, 4}, {1, 1, 2}, f64), floats({2, 6}, {1, 1, 2}, f64)}},
      {"masks", {Array{}, mask({0}, {1, 1})}}};
  const auto out = part.run(streams);
  expect_near(out.at("tokens"), floats({3, 2, 1, 3}, {1, 2, 2}, f64), 1e-12);
  expect_near(out.at("mask"), mask({1, 0}, {1, 2}), 0.0);
  EXPECT_EQ(part.infer(streams).at("tokens"), (std::vector<std::int64_t>{1, 2, 2}));
  expect_gradients(part, streams, "tokens");
}

TEST(ReasoningTemplate, AddsTheFeedForwardNetwork) {
  Part part(id("reasoning"), R"({"dim": 2, "inner": 1})", {}, f64);
  part.set("norm.weight", floats({2, 2}, {2}, f64));
  part.set("feed_forward.in.weight", floats({0, 1}, {1, 2}, f64));
  part.set("feed_forward.out.weight", floats({1, -1}, {2, 1}, f64));
  const Arrays tokens{{"tokens", {floats({1, 3}, {1, 1, 2}, f64)}}};
  const auto out = part.run(tokens);
  const double y = 2.0 / std::sqrt(1.0 + 1e-5);  // LN(1, 3) = ∓1 / √(1 + ε)
  const double gelu = 0.5 * y * (1.0 + std::erf(y / std::sqrt(2.0)));  // x Φ(x)
  expect_near(out.at("state"), floats({1 + gelu, 3 - gelu}, {1, 1, 2}, f64), 1e-12);
  expect_near(out.at("pooled"), floats({1 + gelu, 3 - gelu}, {1, 2}, f64), 1e-12);
  expect_near(out.at("mask"), mask({1}, {1, 1}), 0.0);
  expect_gradients(part, tokens, "state");
}

TEST(DecoderTemplate, ScoresTheMeanOfRealRows) {
  Part part(id("decoder"), R"({"dim": 2, "classes": 2})", {}, f64);
  give_projection(part, "out");
  const Arrays state{{"state", frames.at("features")}, {"mask", frames.at("mask")}};
  expect_near(part.run(state).at("logits"), floats({8, -1.5}, {1, 2}, f64), 1e-12);
  expect_gradients(part, state, "logits");
}

const Arrays pair{{"prediction", {floats({1, -2, 4}, {3}, f64)}},
                  {"target", {floats({3, -2, 1}, {3}, f64)}}};

TEST(LossTemplate, IsTheSumOfSquaresAndItsWeightTheirNumber) {
  Part part(id("loss"), "{}", {}, f64);
  const auto out = part.run(pair);
  EXPECT_EQ(element(out.at("loss"), 0), 4 + 0 + 9);
  EXPECT_EQ(element(out.at("weight"), 0), 3);
  expect_gradients(part, pair, "loss");
}

TEST(MetricTemplate, IsTheMeanAbsoluteErrorOfAllBatches) {
  Part part(id("metric"), "{}", {}, f64);
  part.update(pair);
  part.update({{"prediction", {floats({0}, {1}, f64)}}, {"target", {floats({-7}, {1}, f64)}}});
  EXPECT_DOUBLE_EQ(part.compute().at("mean_absolute_error"), (2 + 0 + 3 + 7) / 4.0);
}

}  // namespace
}  // namespace weft::test
