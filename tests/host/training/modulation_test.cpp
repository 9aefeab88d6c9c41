// SPDX-License-Identifier: Apache-2.0
/// Gradients that a function scales, parts that run again for their gradient, precision, and
/// buffers that follow from what a step accumulated.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "host/base/error.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/recorder.hpp"
#include "host/recipe/findings.hpp"
#include "host/training/modulation.hpp"
#include "host/training/selection.hpp"
#include "host/training/trainer.hpp"
#include "tests/host/training/small_run.hpp"

namespace weft::test {
namespace {

using host::Array;
using host::DType;
using ::testing::HasSubstr;
using Overrides = std::vector<std::string>;

/// Two encoders and a head on each, ce and guess_ce, and more.
Overrides two_losses(const Overrides& more = {}) {
  Overrides all = {
      R"(graph.other={"use": "encoder.vit", "in": {"image": "batch.picture"}, "config": {"height":
        28, "width": 28, "channels": 1, "patch": 14, "dim": 16, "layers": 1, "heads": 2, "ffn_dim":
        32, "dropout": 0.1}})",
      R"(graph.guess={"use": "decoder.classifier", "in": {"state": "other.tokens"}, "config": {"dim":
        16, "classes": 10, "dropout": 0.0}})",
      R"(losses.guess_ce={"use": "loss.cross_entropy", "in": {"logits": "guess.logits", "target":
        "batch.label"}})",
      R"(stages.fit.losses={"ce": 1, "guess_ce": 1})"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Overrides with_ogm(double alpha, const Overrides& more = {}) {
  Overrides all = two_losses(
      {R"(graph.balance={"use": "function.ogm_ge", "in": {"logits": ["digit.logits",
        "guess.logits"], "target": "batch.label"}})",
       "graph.balance.config.alpha=" + std::to_string(alpha),
       R"(stages.fit.modulate={"scale": "balance.scale", "groups": ["vision", "other"]})"});
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// Both heads on one encoder, so that the losses' gradients meet in it.
Overrides shared(const std::string& function, const std::string& in, const Overrides& more = {}) {
  Overrides all = {
      R"(graph.guess={"use": "decoder.classifier", "in": {"state": "vision.tokens"}, "config": {"dim":
        16, "classes": 10, "dropout": 0.0}})",
      R"(losses.guess_ce={"use": "loss.cross_entropy", "in": {"logits": "guess.logits", "target":
        "batch.label"}})",
      R"(stages.fit.losses={"ce": 1, "guess_ce": 1})",
      "graph.scales={\"use\": \"" + function + "\", \"in\": " + in + "}",
      R"(stages.fit.modulate={"scale": "scales"})"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

struct Outcome {
  State state;
  std::vector<host::StepReport> reports;
};

Outcome trained(const Overrides& overrides) {
  SmallRun run(overrides);
  Outcome outcome;
  host::TrainerHooks hooks;
  hooks.step = [&](const host::StepReport& report) { outcome.reports.push_back(report); };
  host::Trainer(run.model, run.recipe.seed, hooks).run(run.recipe.stages[0], run.data);
  outcome.state = run.model.state();
  return outcome;
}

/// Paths of the second whose bits differ in the first.
std::vector<std::string> differing(const State& a, const State& b) {
  std::vector<std::string> paths;
  for (const auto& [path, array] : b)
    if (!a.contains(path) ||
        std::memcmp(a.at(path).bytes.get(), array.bytes.get(), array.byte_count()) != 0)
      paths.push_back(path);
  return paths;
}

std::string problems(const Overrides& overrides) {
  try {
    SmallRun run(overrides);
  } catch (const host::Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Modulation, IsOffAtAlphaZero) {
  const State plain = trained(two_losses()).state;
  EXPECT_THAT(differing(trained(with_ogm(0.0)).state, plain), testing::IsEmpty());
  EXPECT_THAT(differing(trained(with_ogm(3.0)).state, plain), testing::Not(testing::IsEmpty()));
}

TEST(Modulation, IsLoggedForEachGroup) {
  for (const host::StepReport& report : trained(with_ogm(3.0)).reports) {
    const auto& vision = report.modulation.at("vision");
    const auto& other = report.modulation.at("other");
    EXPECT_NEAR(vision.at("share") + other.at("share"), 1.0, 1e-12);
    EXPECT_NEAR(vision.at("share"), vision.at("norm") / (vision.at("norm") + other.at("norm")),
                1e-9);
    EXPECT_EQ(std::max(vision.at("scale"), other.at("scale")), 1.0);  // one is ahead of the other
    EXPECT_LT(std::min(vision.at("scale"), other.at("scale")), 0.1);  // 1 − tanh(3 ρ), ρ > 1
  }
}

TEST(Modulation, ScalesAreThoseOfTheWholeStep) {
  const double whole = trained(with_ogm(1.0, {"graph.other.config.dropout=0"}))
                           .reports[0]
                           .modulation.at("other")
                           .at("scale");
  for (const char* parts : {"3", "4"}) {
    const auto report =
        trained(with_ogm(1.0, {"graph.other.config.dropout=0",
                               std::string("stages.fit.grad_accumulation=") + parts}))
            .reports[0];
    EXPECT_NEAR(report.modulation.at("other").at("scale"), whole, 1e-5) << parts;
  }
}

TEST(Modulation, NoiseFollowsTheSeed) {
  const Overrides noisy = with_ogm(0.0, {"stages.fit.modulate.noise=true"});
  const State first = trained(noisy).state;
  EXPECT_THAT(differing(trained(noisy).state, first), testing::IsEmpty());
  EXPECT_THAT(differing(trained(two_losses()).state, first), testing::Not(testing::IsEmpty()));
}

/// The gradient is the scaled sum of those of each loss, taken one by one.
TEST(Modulation, CombinesTheGradientsOfEachLoss) {
  SmallRun run(shared("function.pcgrad", R"({"gram": "grad.gram"})",
                      {R"(stages.fit.losses={"ce": 1, "guess_ce": 0.25})"}));
  const host::StagePlan& stage = run.recipe.stages[0];
  const auto chosen = host::select_trainable(run.model, stage);
  host::TrainingStream stream(run.data, stage.batch_size, 1);
  const std::vector<host::TensorMap> micro = host::micro_batches(stream.next(), 2);
  std::map<std::string, std::vector<Array>> each;
  for (const std::string loss : {"ce", "guess_ce"}) {
    host::StagePlan alone = stage;
    alone.modulate = {};
    std::erase_if(alone.losses, [&](const auto& one) { return one.first != loss; });
    host::Objective(run.model, alone).backward(micro, {true, 5});
    for (const host::NamedTensor& one : chosen) {
      const host::Tensor gradient = host::gradient(one.tensor);
      each[loss].push_back(gradient ? host::to_array(gradient) : Array{});
      host::clear_gradients({one.tensor});
    }
  }
  const host::Objective objective(run.model, stage);
  host::Modulation modulation(run.model, stage, objective);
  host::StepReport report;
  modulation.run(micro, {true, 5}, 0, chosen, report);
  const auto& told = report.modulation.at("*");
  EXPECT_LE(std::abs(told.at("cosine.ce.guess_ce")), 1.0);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const Array found = host::to_array(host::gradient(chosen[i].tensor));
    for (std::int64_t k = 0; k < found.count(); ++k) {
      double expected = 0.0;
      for (const auto& [loss, arrays] : each)
        if (arrays[i].bytes) expected += told.at("scale." + loss) * arrays[i].data<float>()[k];
      ASSERT_NEAR(found.data<float>()[k], expected, 1e-5) << chosen[i].path;
    }
  }
}

TEST(Modulation, LearnedWeightsMoveWithTheSteps) {
  for (const auto& [function, in, buffer] :
       {std::tuple("function.gradnorm", R"({"gram": "grad.gram", "loss": "grad.loss"})", "weights"),
        std::tuple("function.uncertainty", R"({"loss": "grad.loss"})", "s"),
        std::tuple("function.dwa", R"({"loss": "grad.loss"})", "last")}) {
    const Overrides more = std::string(function) == "function.dwa"
                               ? Overrides{"graph.scales.config.window=1"}
                               : Overrides{};
    const Outcome outcome = trained(shared(function, in, more));
    const auto& told = outcome.reports.front().modulation.at("*");
    EXPECT_EQ(told.at("scale.ce"), 1.0) << function;
    EXPECT_NE(outcome.reports.back().modulation.at("*").at("scale.ce"), 1.0) << function;
    EXPECT_NE(
        element(outcome.state.at(std::string("scales.") + buffer), 0),
        element(
            SmallRun(shared(function, in, more)).model.state().at(std::string("scales.") + buffer),
            0))
        << function;
  }
}

TEST(Modulation, WhatCannotBeIsSaid) {
  EXPECT_THAT(problems(two_losses({R"(stages.fit.modulate={"scale": "balance"})"})),
              HasSubstr("no function of the graph is called \"balance\"."));
  EXPECT_THAT(problems(with_ogm(1.0, {R"(stages.fit.modulate.groups=["visoin", "other"])"})),
              HasSubstr("pattern \"visoin\" matches no parameter. Did you mean \"vision\"?"));
  EXPECT_THAT(problems(with_ogm(1.0, {"stages.fit.modulate.scale=balance.scales"})),
              HasSubstr("\"balance\" has no output port \"scales\". Did you mean \"scale\"?"));
  EXPECT_THAT(
      problems(two_losses({R"(graph.scales={"use": "function.pcgrad", "in": "grad.gram"})"})),
      HasSubstr("\"grad.gram\" is there after the backward pass, for the function that a "
                "stage's modulate.scale names. No stage names this one."));
  EXPECT_THAT(problems(shared("function.pcgrad", R"({"gram": "grad.grm"})")),
              HasSubstr("of gradients there are \"grad.loss\" and \"grad.gram\""));
  EXPECT_THAT(problems(shared("function.uncertainty", R"({"loss": "grad.loss"})",
                              {R"(stages.fit.modulate.groups=["vision", "digit"])"})),
              HasSubstr("expected [2], a scale for each group, or [2, 2], one for each group and "
                        "loss, found [1, 2]."));
  EXPECT_THAT(problems(two_losses({R"(stages.fit.recompute=["visoin"])"})),
              HasSubstr("no graph node is called \"visoin\". Did you mean \"vision\"?"));
}

TEST(Recompute, GivesTheSameBits) {
  const Overrides dropped = two_losses({"graph.vision.config.dropout=0.2"});
  Overrides again = dropped;
  again.emplace_back(R"(stages.fit.recompute=["vision", "other", "guess"])");
  EXPECT_THAT(differing(trained(again).state, trained(dropped).state), testing::IsEmpty());
}

TEST(Recompute, HoldsLessAtOneTime) {
  const auto most_held = [](const Overrides& more) {
    Overrides all{"graph.vision.config.layers=3"};
    all.insert(all.end(), more.begin(), more.end());
    const host::OperationRecorder recorder;
    trained(two_losses(all));
    return recorder.peak_bytes();
  };
  EXPECT_LT(most_held({R"(stages.fit.recompute=["other", "vision"])"}), most_held({}));
}

TEST(Precision, Bf16ComputesOtherwiseAndLearns) {
  const Outcome plain = trained(two_losses());
  const Outcome outcome = trained(two_losses({"stages.fit.precision=bf16"}));
  EXPECT_THAT(differing(outcome.state, plain.state), testing::Not(testing::IsEmpty()));
  for (const auto& [path, array] : outcome.state) EXPECT_EQ(array.dtype, DType::float32) << path;
  const double loss = outcome.reports[0].losses.at("ce"), exact = plain.reports[0].losses.at("ce");
  EXPECT_NE(loss, exact);
  EXPECT_NEAR(loss, exact, 0.05);
  EXPECT_THAT(problems(two_losses({"stages.fit.precision=fp8"})), HasSubstr("bf16"));
}

Overrides standardised(const Overrides& more = {}) {
  Overrides all = {R"(graph.even={"use": "function.standardise", "in": "vision.tokens"})",
                   "graph.digit.in.state=even.out"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(StepStates, BuffersAreThoseOfTheWholeStep) {
  const Overrides one = {"stages.fit.steps=1"};
  const State whole = trained(standardised(one)).state;
  EXPECT_NE(element(whole.at("even.mean"), 0), 0.0);
  EXPECT_EQ(element(whole.at("even.rows"), 0), 12.0 * 16);  // patches
  for (const char* parts : {"2", "12"}) {
    Overrides cut = one;
    cut.push_back(std::string("stages.fit.grad_accumulation=") + parts);
    const State state = trained(standardised(cut)).state;
    for (const char* name : {"even.mean", "even.variance", "even.rows"})
      for (std::int64_t i = 0; i < whole.at(name).count(); ++i)
        ASSERT_NEAR(element(state.at(name), i), element(whole.at(name), i), 1e-6) << name << parts;
  }
}

TEST(StepStates, CountOnceWhereThePartRunsAgain) {
  const State plain = trained(standardised()).state;
  EXPECT_THAT(differing(trained(standardised({R"(stages.fit.recompute=["even"])"})).state, plain),
              testing::IsEmpty());
}

TEST(StepStates, StayWhereThePartIsFrozen) {
  const State state = trained(standardised({R"(stages.fit.freeze=["even"])"})).state;
  EXPECT_EQ(element(state.at("even.mean"), 0), 0.0);
  EXPECT_EQ(element(state.at("even.rows"), 0), 0.0);
}

}  // namespace
}  // namespace weft::test
