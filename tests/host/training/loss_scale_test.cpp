// SPDX-License-Identifier: Apache-2.0
/// Training in float16 with losses that are scaled.

#include "host/training/loss_scale.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "host/base/error.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/optim/stage_optimizer.hpp"
#include "host/training/step_runner.hpp"
#include "host/training/trainer.hpp"
#include "tests/host/training/small_run.hpp"

namespace weft::test {
namespace {

using ::testing::HasSubstr;
using Overrides = std::vector<std::string>;

bool same_bits(const State& a, const State& b) {
  for (const auto& [path, array] : a)
    if (std::memcmp(array.bytes.get(), b.at(path).bytes.get(), array.byte_count()) != 0)
      return false;
  return a.size() == b.size();
}

Overrides in_float16(const std::string& loss_scale, const Overrides& more = {}) {
  Overrides all = {"stages.fit.precision=fp16", "stages.fit.loss_scale=" + loss_scale,
                   "stages.fit.save_every=1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

struct ScaledRun {
  explicit ScaledRun(const Overrides& overrides)
      : run(overrides, host::DType::float32, small_recipe(), parts()) {}

  void train(const host::Checkpoint* resume = nullptr) {
    host::TrainerHooks hooks;
    hooks.step = [&](const host::StepReport& report) { reports.push_back(report); };
    hooks.overflowed = [&](const host::OverflowedStep& step) { overflowed.push_back(step); };
    hooks.diverged = [&](const host::DivergedStep& step) { diverged.push_back(step); };
    hooks.save = [&](const host::Checkpoint& checkpoint) { saved[checkpoint.step] = checkpoint; };
    host::Trainer(run.model, run.recipe.seed, hooks).run(run.recipe.stages[0], run.data, resume);
  }

  SmallRun run;
  std::vector<host::StepReport> reports;
  std::vector<host::OverflowedStep> overflowed;
  std::vector<host::DivergedStep> diverged;
  std::map<std::int64_t, host::Checkpoint> saved;
};

/// Gradients of the first step, by path, and what was told of it.
struct Gradients {
  Gradients(const Overrides& overrides, double scale) {
    SmallRun run(overrides);
    const host::StagePlan& stage = run.recipe.stages[0];
    host::TrainingStream stream(run.data, stage.batch_size, run.recipe.seed);
    host::StepRunner runner(run.model, stage, run.recipe.seed);
    fault = runner.run(stream.next(), 0, report, scale);
    for (const host::NamedTensor& one : run.model.parameters())
      if (const host::Tensor gradient = host::gradient(one.tensor))
        by_path[one.path] = host::to_array(gradient);
  }
  host::StepReport report;
  std::string fault;
  State by_path;
};

/// Also shows that gradients are divided before they are clipped.
TEST(LossScale, IsExactWhereNothingIsRounded) {
  for (const char* parts : {"1", "3"}) {
    const Overrides plain = {"stages.fit.clip_norm=0.01",
                             std::string("stages.fit.grad_accumulation=") + parts};
    const Gradients one(plain, 1.0), scaled(plain, 4096.0);
    EXPECT_TRUE(same_bits(scaled.by_path, one.by_path)) << parts;
    EXPECT_EQ(scaled.report.gradient_norm, one.report.gradient_norm);
    EXPECT_EQ(scaled.report.losses, one.report.losses);
    EXPECT_GT(one.report.gradient_norm, 0.01);
  }
}

TEST(LossScale, KeepsSmallGradientsFromVanishing) {
  const std::string small = "stages.fit.losses.ce=1e-8";
  const double exact = Gradients({small}, 1.0).report.gradient_norm;
  const Overrides narrow = {small, "stages.fit.precision=fp16"};
  EXPECT_LT(Gradients(narrow, 1.0).report.gradient_norm, 0.9 * exact);
  EXPECT_NEAR(Gradients(narrow, 16777216.0).report.gradient_norm, exact, 0.02 * exact);
}

TEST(LossScale, OfOneIsNone) {
  ScaledRun run(in_float16(R"({"initial": 1, "growth_interval": 0})"));
  const State before = run.run.model.state();
  run.train();
  ASSERT_EQ(run.reports.size(), 4u);
  EXPECT_TRUE(run.overflowed.empty());
  for (const host::StepReport& report : run.reports) EXPECT_EQ(report.loss_scale, 1.0);

  SmallRun plain(in_float16(R"({"initial": 1, "growth_interval": 0})"));
  const host::StagePlan& stage = plain.recipe.stages[0];
  host::optim::StageOptimizer optimizer(stage, plain.model);
  host::StepRunner runner(plain.model, stage, plain.recipe.seed);
  host::TrainingStream stream(plain.data, stage.batch_size, plain.recipe.seed);
  for (std::int64_t step = 0; step < stage.steps; ++step) {
    host::StepReport report;
    runner.run(stream.next(), step, report);
    optimizer.step(step);
    runner.clear_gradients();
  }
  EXPECT_TRUE(same_bits(run.run.model.state(), plain.model.state()));
  EXPECT_FALSE(same_bits(run.run.model.state(), before));
}

/// Batch normalisation too, whose statistics the forward pass moves; or two micro-batches.
TEST(LossScale, AnOverflowChangesNothingAndHalvesIt) {
  const Overrides norms = {
      R"(graph.norms={"use": "test/encoder.norms", "in": {"tokens": "vision.tokens"}})",
      "graph.digit.in.state=norms.tokens"};
  for (Overrides more : {norms, Overrides{"stages.fit.grad_accumulation=2"}}) {
    SCOPED_TRACE(more[0]);
    more.emplace_back("stages.fit.steps=12");
    ScaledRun run(in_float16(R"({"initial": 16777216})", more));
    const State before = run.run.model.state();
    run.train();
    ASSERT_GE(run.overflowed.size(), 1u);
    ASSERT_EQ(run.reports.size() + run.overflowed.size(), 12u);
    double scale = 16777216.0;
    for (std::size_t i = 0; i < run.overflowed.size(); ++i) {
      const host::OverflowedStep& left_out = run.overflowed[i];
      EXPECT_EQ(left_out.step, static_cast<std::int64_t>(i) + 1);  // the first ones
      EXPECT_EQ(left_out.loss_scale, scale /= 2.0);
      EXPECT_EQ(left_out.times, static_cast<std::int64_t>(i) + 1);
      EXPECT_TRUE(same_bits(run.saved.at(left_out.step).model, before)) << left_out.step;
    }
    EXPECT_EQ(run.reports.front().loss_scale, scale);
    EXPECT_FALSE(same_bits(run.saved.at(12).model, before));
    EXPECT_EQ(run.saved.at(12).progress.overflows, std::ssize(run.overflowed));
    EXPECT_EQ(run.saved.at(12).progress.divergences, 0);
  }
}

TEST(LossScale, DoublesAfterGoodSteps) {
  ScaledRun run(in_float16(R"({"initial": 8, "growth_interval": 2})", {"stages.fit.steps=6"}));
  run.train();
  std::vector<double> scales;
  for (const host::StepReport& report : run.reports) scales.push_back(report.loss_scale);
  EXPECT_THAT(scales, testing::ElementsAre(8, 8, 16, 16, 32, 32));
}

TEST(LossScale, GoesOnFromACheckpoint) {
  const Overrides overrides =
      in_float16(R"({"initial": 16777216, "growth_interval": 2})", {"stages.fit.steps=12"});
  ScaledRun whole(overrides);
  whole.train();
  ASSERT_GE(whole.overflowed.size(), 1u);
  for (const std::int64_t step : {1, 6, 11}) {
    ScaledRun rest(overrides);
    const host::Checkpoint& from = whole.saved.at(step);
    rest.run.model.load(from.model);
    rest.train(&from);
    EXPECT_TRUE(same_bits(rest.saved.at(12).model, whole.saved.at(12).model)) << step;
    EXPECT_TRUE(same_bits(rest.saved.at(12).optimizer, whole.saved.at(12).optimizer)) << step;
    EXPECT_EQ(rest.saved.at(12).progress, whole.saved.at(12).progress) << step;
  }
}

TEST(LossScale, DoesNotHideLossesThatAreNoNumbers) {
  ScaledRun run(in_float16(
      R"({"initial": 1024})",
      {R"(graph.poison={"use": "test/encoder.poison", "config": {"label": 3},
                               "in": {"tokens": "vision.tokens", "label": "batch.label"}})",
       "graph.digit.in.state=poison.tokens", "stages.fit.steps=12", "stages.fit.batch_size=2",
       R"(stages.fit.on_divergence={"do": "skip", "times": 12})"}));
  run.train();
  EXPECT_GE(run.diverged.size(), 1u);
  EXPECT_TRUE(run.overflowed.empty());
  EXPECT_EQ(run.reports.back().loss_scale, 1024.0);
}

/// A function is not asked to scale gradients that are no numbers.
TEST(LossScale, OverflowsBesideModulation) {
  for (const char* function : {"pcgrad", "cagrad"}) {
    ScaledRun run(in_float16(
        R"({"initial": 16777216})",
        {R"(graph.guess={"use": "decoder.classifier", "in": {"state": "vision.tokens"}, "config": {
            "dim": 16, "classes": 10, "dropout": 0.0}})",
         R"(losses.guess_ce={"use": "loss.cross_entropy", "in": {"logits": "guess.logits", "target":
            "batch.label"}})",
         R"(stages.fit.losses={"ce": 1, "guess_ce": 1})", "stages.fit.steps=12",
         std::string(R"(graph.scales={"use": "function.)") + function +
             R"(", "in": {"gram": "grad.gram"}})",
         R"(stages.fit.modulate={"scale": "scales"})"}));
    run.train();
    ASSERT_GE(run.overflowed.size(), 1u);
    ASSERT_GE(run.reports.size(), 1u);
    EXPECT_TRUE(std::isfinite(run.reports.front().modulation.at("*").at("norm")));
    EXPECT_LT(run.reports.front().modulation.at("*").at("norm"), 100.0);  // divided again
  }
}

TEST(LossScale, IsForFloat16) {
  try {
    SmallRun run({R"(stages.fit.loss_scale={"initial": 8})"});
    ADD_FAILURE() << "accepted";
  } catch (const host::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("it scales the losses of a stage that computes in float16. "
                                        "Set \"precision\": \"fp16\", or leave it out."));
  }
}

}  // namespace
}  // namespace weft::test
