// SPDX-License-Identifier: Apache-2.0
/// Steps whose loss is not finite: left out, taken back, or the end.

#include "host/training/divergence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "host/base/error.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/training/small_run.hpp"

namespace weft::test {
namespace {

using ::testing::HasSubstr;

bool same_bits(const State& a, const State& b) {
  for (const auto& [path, array] : a)
    if (std::memcmp(array.bytes.get(), b.at(path).bytes.get(), array.byte_count()) != 0)
      return false;
  return a.size() == b.size();
}

/// Batch normalisation, and behind it a part that divides the samples of class 3 by zero; a stage
/// of twelve steps, a batch of two each.
struct PoisonedRun {
  explicit PoisonedRun(const std::string& on_divergence, std::vector<std::string> more = {})
      : run(overrides(on_divergence, std::move(more)), host::DType::float32, small_recipe(),
            parts()) {}

  static std::vector<std::string> overrides(const std::string& on_divergence,
                                            std::vector<std::string> more) {
    more.insert(more.begin(),
                {R"(graph.norms={"use": "test/encoder.norms", "in": {"tokens": "vision.tokens"}})",
                 R"(graph.poison={"use": "test/encoder.poison", "config": {"label": 3},
                     "in": {"tokens": "norms.tokens", "label": "batch.label"}})",
                 "graph.digit.in.state=poison.tokens", "stages.fit.steps=12",
                 "stages.fit.batch_size=2", "stages.fit.save_every=1"});
    if (!on_divergence.empty()) more.push_back("stages.fit.on_divergence=" + on_divergence);
    return more;
  }

  /// The state after every step that was taken, and after those that were not.
  void train(const host::Checkpoint* resume = nullptr) {
    host::TrainerHooks hooks;
    hooks.step = [&](const host::StepReport& report) {
      reports.push_back(report);
      states[report.step] = run.model.state();
    };
    hooks.diverged = [&](const host::DivergedStep& step) {
      diverged.push_back(step);
      after.push_back(run.model.state());
    };
    hooks.save = [&](const host::Checkpoint& checkpoint) { saved[checkpoint.step] = checkpoint; };
    host::Trainer(run.model, run.recipe.seed, hooks).run(run.recipe.stages[0], run.data, resume);
  }

  std::string failure() {
    try {
      train();
    } catch (const host::Error& error) {
      EXPECT_EQ(error.exit(), host::Exit::failed);
      return error.what();
    }
    return "";
  }

  SmallRun run;
  std::vector<host::StepReport> reports;
  std::vector<host::DivergedStep> diverged;
  std::vector<State> after;
  State first = run.model.state();
  std::map<std::int64_t, State> states;
  std::map<std::int64_t, host::Checkpoint> saved;
};

/// The batches, from 0, that hold a sample of class 3.
std::vector<std::int64_t> poisoned_batches(SmallRun& run, int count) {
  std::vector<std::int64_t> found;
  host::TrainingStream stream(run.data, 2, run.recipe.seed);
  for (int i = 0; i < count; ++i) {
    const host::Batch batch = stream.next();
    const auto* const label = batch.fields.at("label").data<std::int64_t>();
    if (label[0] == 3 || label[1] == 3) found.push_back(i);
  }
  return found;
}

TEST(Divergence, StopsWhereNothingElseIsSaid) {
  for (const char* how : {"", "\"stop\""}) {
    PoisonedRun run(how);
    EXPECT_THAT(run.failure(), HasSubstr("loss \"ce\" is nan, not a finite number. It begins with "
                                         "output \"tokens\" of \"poison\""));
    EXPECT_TRUE(run.diverged.empty());
  }
}

TEST(Divergence, ASkippedStepLeavesNothingBehind) {
  PoisonedRun run(R"({"do": "skip", "times": 12})");
  run.train();
  const auto poisoned = poisoned_batches(run.run, 12);
  ASSERT_GE(poisoned.size(), 1u) << "else nothing is shown";
  ASSERT_EQ(run.diverged.size(), poisoned.size());
  EXPECT_EQ(run.reports.size(), 12 - poisoned.size());
  for (std::size_t i = 0; i < poisoned.size(); ++i) {
    const std::int64_t step = poisoned[i];
    EXPECT_EQ(run.diverged[i].step, step + 1);
    EXPECT_EQ(run.diverged[i].next, step + 2);
    EXPECT_EQ(run.diverged[i].action, "skip");
    EXPECT_EQ(run.diverged[i].times, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(run.diverged[i].learning_rate_factor, 1.0);
    EXPECT_THAT(run.diverged[i].cause,
                HasSubstr("of \"poison\" (test/encoder.poison 1.0.0), for "));
    // The statistics of the batch normalisation too, which the forward pass moved.
    const State& before = step == 0 ? run.first : run.saved.at(step).model;
    EXPECT_TRUE(same_bits(run.after[i], before)) << step;
  }
  EXPECT_EQ(run.saved.at(12).step, 12) << "a step that is left out counts";
}

TEST(Divergence, TimesBoundHowOftenItGoesOn) {
  PoisonedRun run(R"({"do": "skip", "times": 1})", {"stages.fit.steps=60"});
  EXPECT_THAT(run.failure(), HasSubstr(" It happened 1 time before, as often as on_divergence "
                                       "allows. Lower the learning rate or set clip_norm."));
  EXPECT_EQ(run.diverged.size(), 1u);
}

TEST(Divergence, ARollbackGoesBackToWhatWasSavedAndPassesTheBatchOver) {
  PoisonedRun run(R"({"do": "rollback", "times": 12, "lr_mult": 0.5})",
                  {"stages.fit.save_every=3"});
  run.train();
  ASSERT_GE(run.diverged.size(), 1u) << "else nothing is shown";
  for (std::size_t i = 0; i < run.diverged.size(); ++i) {
    const host::DivergedStep& step = run.diverged[i];
    const std::int64_t kept = (step.step - 1) / 3 * 3;
    EXPECT_EQ(step.action, "rollback");
    EXPECT_EQ(step.next, kept + 1);
    EXPECT_EQ(step.learning_rate_factor, std::pow(0.5, static_cast<double>(i + 1)));
    EXPECT_TRUE(same_bits(run.after[i], kept == 0 ? run.first : run.saved.at(kept).model));
  }
  EXPECT_EQ(run.reports.back().step, 12);
  for (const auto& [path, array] : run.run.model.state())
    for (std::int64_t i = 0; i < array.count(); ++i)
      ASSERT_TRUE(std::isfinite(array.data<float>()[i])) << path;
  // As many batches were taken as steps were taken and left out.
  EXPECT_EQ(run.saved.at(12).data.at("taken"),
            2 * static_cast<std::int64_t>(run.reports.size() + run.diverged.size()));
}

TEST(Divergence, WeightsThatCannotBeSavedAreRolledBack) {
  PoisonedRun run(R"({"do": "rollback", "lr_mult": 1e-40})",
                  {"graph.poison.config.label=-1", "stages.fit.optimizer.lr=1e39",
                   "stages.fit.schedule={\"shape\": \"constant\"}"});
  run.train();
  ASSERT_EQ(run.diverged.size(), 1u);
  EXPECT_THAT(run.diverged[0].cause, HasSubstr("stage \"fit\", step 1: the step left "));
  EXPECT_TRUE(same_bits(run.after[0], run.first));
  EXPECT_EQ(run.saved.at(12).step, 12);
  PoisonedRun skipped("\"skip\"", {"graph.poison.config.label=-1", "stages.fit.optimizer.lr=1e39",
                                   "stages.fit.schedule={\"shape\": \"constant\"}"});
  EXPECT_THAT(skipped.failure(), HasSubstr(" so it is not saved. Lower the learning rate"));
}

TEST(Divergence, AfterARollbackTheLearningRateIsLower) {
  PoisonedRun run(R"({"do": "rollback", "times": 12, "lr_mult": 0.5})",
                  {"stages.fit.schedule={\"shape\": \"constant\"}"});
  run.train();
  ASSERT_GE(run.diverged.size(), 1u);
  EXPECT_EQ(run.reports.back().learning_rate,
            0.01 * std::pow(0.5, static_cast<double>(run.diverged.size())));
}

TEST(Divergence, AResumedRunRemembersHowOften) {
  const std::string how = R"({"do": "rollback", "times": 20, "lr_mult": 0.5})";
  PoisonedRun unbroken(how);
  unbroken.train();
  ASSERT_GE(unbroken.diverged.size(), 1u);
  const std::int64_t step = unbroken.diverged.front().step;  // behind the first rollback
  const host::Checkpoint from = unbroken.saved.at(step);
  ASSERT_GE(from.progress.divergences, 1);
  PoisonedRun resumed(how);
  resumed.run.model.load(from.model);
  resumed.train(&from);
  EXPECT_TRUE(same_bits(resumed.run.model.state(), unbroken.run.model.state()));
  EXPECT_EQ(resumed.reports.back().learning_rate, unbroken.reports.back().learning_rate);
}

TEST(Divergence, APolicyThatIsNotNeededChangesNothing) {
  const auto trained = [](const std::string& how) {
    PoisonedRun run(how, {"graph.poison.config.label=-1"});
    run.train();
    return run.run.model.state();
  };
  const State plain = trained("\"stop\"");
  EXPECT_TRUE(same_bits(trained("\"skip\""), plain));
  EXPECT_TRUE(same_bits(trained("\"rollback\""), plain));
}

}  // namespace
}  // namespace weft::test
