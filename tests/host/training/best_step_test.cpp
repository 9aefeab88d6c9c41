// SPDX-License-Identifier: Apache-2.0
/// The best evaluation of a stage: which it is, when it ends the stage, and what it ends with.

#include "host/training/best_step.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "host/base/error.hpp"
#include "host/training/trainer.hpp"
#include "tests/host/training/small_run.hpp"

namespace weft::test {
namespace {

using host::StageProgress;
using State = std::map<std::string, host::Array>;

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();

StageProgress after(const host::KeepBestPlan& plan, const std::vector<double>& values) {
  const SmallRun run;
  StageProgress progress;
  std::int64_t step = 0;
  for (const double value : values)
    host::note_evaluation(plan, run.model, {{"accuracy.accuracy", value}, {"accuracy.other", 9.0}},
                          ++step, progress);
  return progress;
}

TEST(BestStep, IsThatOfTheLargestOrSmallestValue) {
  EXPECT_EQ(after({"accuracy.accuracy", true, 0, 0.0}, {0.5, 0.7, 0.6}),
            (StageProgress{0, 3, 2, 0.7, 1}));
  EXPECT_EQ(after({"accuracy.accuracy", false, 0, 0.0}, {0.5, 0.7, 0.6}),
            (StageProgress{0, 3, 1, 0.5, 2}));
}

TEST(BestStep, ABareNameMeansTheFirstOutput) {
  EXPECT_EQ(after({"accuracy", true, 0, 0.0}, {0.5, 0.7}).best_value, 0.7);
}

TEST(BestStep, WhatIsHardlyBetterOrNoNumberIsNot) {
  EXPECT_EQ(after({"accuracy", true, 0, 0.1}, {0.5, 0.55, 0.59}).best_step, 1);
  EXPECT_EQ(after({"accuracy", true, 0, 0.1}, {0.5, 0.55, 0.61}).best_step, 3);
  EXPECT_EQ(after({"accuracy", true, 0, 0.0}, {k_nan, 0.1, k_nan}),
            (StageProgress{0, 3, 2, 0.1, 1}));
  EXPECT_EQ(after({"accuracy", true, 0, 0.0}, {k_nan}).best_step, 0);
}

TEST(BestStep, PatienceEndsAfterSoManyInARow) {
  const host::KeepBestPlan plan{"accuracy", true, 2, 0.0};
  EXPECT_FALSE(host::is_out_of_patience(plan, after(plan, {0.5, 0.4, 0.6, 0.5})));
  EXPECT_TRUE(host::is_out_of_patience(plan, after(plan, {0.5, 0.4, 0.5})));
  EXPECT_FALSE(host::is_out_of_patience({"accuracy", true, 0, 0.0}, after(plan, {0.5, 0.4, 0.3})));
}

/// A stage of the small recipe whose evaluations give these values, one after each step.
struct MeasuredRun {
  explicit MeasuredRun(std::vector<double> given, const std::string& keep_best)
      : values(std::move(given)),
        run({"data.av.shards.val=[\"" WEFT_SOURCE_DIR "/examples/digits/digits-av-val-000.tar\"]",
             "stages.fit.steps=6", "stages.fit.eval_every=1", "stages.fit.metrics=[\"accuracy\"]",
             "stages.fit.keep_best=" + keep_best}) {}

  /// @param stop_after  the step after which the run is interrupted
  void train(const host::Checkpoint* resume = nullptr, std::int64_t stop_after = 0) {
    host::TrainerHooks hooks;
    std::atomic<bool> stop = false;
    hooks.stop = &stop;
    hooks.step = [&](const host::StepReport& report) {
      stop = report.step == stop_after;
      last_step = report.step;
    };
    hooks.measure = [&](const host::StagePlan&, std::int64_t step) {
      return host::MetricValues{
          {"accuracy.accuracy", values.at(static_cast<std::size_t>(step) - 1)}};
    };
    hooks.save = [&](const host::Checkpoint& checkpoint) { saved[checkpoint.step] = checkpoint; };
    hooks.weights_at = [&](const host::StagePlan&, std::int64_t step) {
      return saved.at(step).model;
    };
    hooks.best = [&](const host::StagePlan&, const host::Checkpoint& end) { told = end; };
    host::Trainer(run.model, run.recipe.seed, hooks).run(run.recipe.stages[0], run.data, resume);
  }

  std::vector<double> values;
  SmallRun run;
  std::map<std::int64_t, host::Checkpoint> saved;
  host::Checkpoint told;
  std::int64_t last_step = 0;
};

bool same_bits(const State& a, const State& b) {
  for (const auto& [path, array] : a)
    if (std::memcmp(array.bytes.get(), b.at(path).bytes.get(), array.byte_count()) != 0)
      return false;
  return a.size() == b.size();
}

const std::vector<double> k_values = {0.1, 0.2, 0.9, 0.3, 0.4, 0.5};

TEST(KeepBest, TheStageEndsWithTheWeightsOfItsBestStep) {
  MeasuredRun run(k_values, R"({"metric": "accuracy"})");
  run.train();
  EXPECT_EQ(run.last_step, 6);
  EXPECT_TRUE(same_bits(run.run.model.state(), run.saved.at(3).model));
  EXPECT_TRUE(same_bits(run.saved.at(6).model, run.saved.at(3).model));
  EXPECT_EQ(run.told.progress, (StageProgress{0, 6, 3, 0.9, 3}));
  EXPECT_EQ(run.told.step, 6);
  SmallRun last({"stages.fit.steps=6"});
  host::Trainer(last.model, last.recipe.seed, {}).run(last.recipe.stages[0], last.data);
  EXPECT_FALSE(same_bits(run.run.model.state(), last.model.state())) << "else nothing is shown";
}

TEST(KeepBest, TheLastStepMayBeTheBest) {
  MeasuredRun run({0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, R"({"metric": "accuracy"})");
  run.train();
  EXPECT_EQ(run.told.progress.best_step, 6);
  SmallRun last({"stages.fit.steps=6"});
  host::Trainer(last.model, last.recipe.seed, {}).run(last.recipe.stages[0], last.data);
  EXPECT_TRUE(same_bits(run.run.model.state(), last.model.state()));
}

TEST(KeepBest, WithoutPatienceLeftTheStageEndsEarly) {
  MeasuredRun run(k_values, R"({"metric": "accuracy", "patience": 2})");
  run.train();
  EXPECT_EQ(run.last_step, 5);
  EXPECT_EQ(run.told.step, 5);
  EXPECT_TRUE(same_bits(run.run.model.state(), run.saved.at(3).model));
  // Gone on with, it is at its end still.
  const host::Checkpoint end = run.saved.at(5);
  run.last_step = 0;
  run.train(&end);
  EXPECT_EQ(run.last_step, 0);
}

TEST(KeepBest, ARunThatIsInterruptedGoesOnAsTheUnbrokenOne) {
  MeasuredRun unbroken(k_values, R"({"metric": "accuracy", "patience": 2})");
  unbroken.train();
  for (const int step : {1, 3, 4}) {
    MeasuredRun run(k_values, R"({"metric": "accuracy", "patience": 2})");
    EXPECT_THROW(run.train(nullptr, step), host::Error);
    MeasuredRun resumed(k_values, R"({"metric": "accuracy", "patience": 2})");
    resumed.saved = run.saved;
    resumed.run.model.load(run.saved.at(step).model);
    const host::Checkpoint from = run.saved.at(step);
    resumed.train(&from);
    EXPECT_EQ(resumed.told.progress, unbroken.told.progress) << step;
    EXPECT_TRUE(same_bits(resumed.run.model.state(), unbroken.run.model.state())) << step;
  }
}

}  // namespace
}  // namespace weft::test
