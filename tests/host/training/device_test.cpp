// SPDX-License-Identifier: Apache-2.0
/// Training on a device that is not the CPU, with one that is none (tests/support/fake_device.hpp):
/// everything is placed there, and little is waited for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "host/base/error.hpp"
#include "host/evaluation/evaluate.hpp"
#include "host/training/trainer.hpp"
#include "tests/host/training/small_run.hpp"
#include "tests/support/fake_device.hpp"

namespace weft::test {
namespace {

using Overrides = std::vector<std::string>;

/// While it lives, tensors are made on the device.
struct OnDevice {
  OnDevice() { use_fake_device(); }
  ~OnDevice() { leave_fake_device(); }
};

struct Trained {
  State weights;
  std::vector<double> losses;
  std::vector<std::int64_t> waits;  // of each step
  host::Checkpoint checkpoint;
};

Trained trained(const Overrides& overrides, const std::string& text = small_recipe(),
                const host::Checkpoint* resume = nullptr) {
  SmallRun run(overrides, host::DType::float32, text);
  Trained result;
  std::int64_t before = fake_device_waits();
  host::TrainerHooks hooks;
  hooks.step = [&](const host::StepReport& report) {
    result.losses.push_back(report.losses.at("total"));
    result.waits.push_back(fake_device_waits() - std::exchange(before, fake_device_waits()));
  };
  hooks.save = [&](const host::Checkpoint& checkpoint) { result.checkpoint = checkpoint; };
  host::Trainer(run.model, run.recipe.seed, hooks).run(run.recipe.stages[0], run.data, resume);
  result.weights = run.model.state();
  return result;
}

Trained trained_on_device(const Overrides& overrides, const std::string& text = small_recipe(),
                          const host::Checkpoint* resume = nullptr) {
  const OnDevice there;
  const std::int64_t before = fake_device_operations();
  Trained result = trained(overrides, text, resume);
  EXPECT_GT(fake_device_operations(), before) << "nothing ran on the device";
  return result;
}

/// Its steps are as long as the gradients. AdamW's and Lion's are not: what rounds to a gradient of
/// 1e-9 instead of 0 moves a weight as far as any other.
const char* const k_sgd = "stages.fit.optimizer={\"use\":\"sgd\",\"lr\":0.1}";

void expect_same_losses(const Trained& a, const Trained& b) {
  ASSERT_EQ(a.losses.size(), b.losses.size());
  for (std::size_t i = 0; i < a.losses.size(); ++i) EXPECT_NEAR(a.losses[i], b.losses[i], 1e-4);
}

void expect_alike(const Trained& a, const Trained& b) {
  EXPECT_LT(largest_difference(a.weights, b.weights), 2e-5);
  expect_same_losses(a, b);
}

TEST(TrainingOnADevice, HasTheNumbersOfTheCpu) {
  expect_alike(trained({k_sgd}), trained_on_device({k_sgd}));
}

TEST(TrainingOnADevice, WithMicroBatchesAndClipping) {
  const Overrides overrides{k_sgd, "stages.fit.grad_accumulation=3", "stages.fit.clip_norm=0.5"};
  expect_alike(trained(overrides), trained_on_device(overrides));
}

TEST(TrainingOnADevice, WithEachOptimizer) {
  for (const char* name : {"adamw", "lion"}) {
    const Overrides overrides{std::string("stages.fit.optimizer={\"use\":\"") + name +
                              "\",\"lr\":0.001}"};
    expect_same_losses(trained(overrides), trained_on_device(overrides));
  }
}

TEST(TrainingOnADevice, ATextIsAnsweredThereToo) {
  expect_alike(trained({k_sgd}, answering_recipe()),
               trained_on_device({k_sgd}, answering_recipe()));
}

/// loss.focal has kernels for the CPU and for CUDA, and asks for memory that is neither's.
TEST(TrainingOnADevice, APartThatReadsMemoryIsCalledWithTensorsOfTheCpu) {
  const Overrides overrides{k_sgd, "losses.ce.use=loss.focal"};
  const Trained there = trained_on_device(overrides);
  expect_alike(trained(overrides), there);
  EXPECT_GT(there.waits.back(), trained_on_device({k_sgd}).waits.back());
}

/// The losses with their weights, what is minimised, and the gradients' norm: each at once.
TEST(TrainingOnADevice, AStepWaitsThreeTimesHoweverLargeItIs) {
  constexpr std::int64_t k_reads = 3;
  EXPECT_THAT(trained_on_device({}).waits, testing::Each(k_reads));
  EXPECT_THAT(trained_on_device({"graph.vision.config.layers=3"}).waits, testing::Each(k_reads));
  EXPECT_THAT(trained_on_device({"losses.again={\"use\":\"loss.cross_entropy\",\"in\":{\"logits\":"
                                 "\"digit.logits\",\"target\":\"batch.label\"}}",
                                 "stages.fit.losses={\"ce\":1.0,\"again\":0.5}"})
                  .waits,
              testing::Each(k_reads));
}

TEST(TrainingOnADevice, ACheckpointKnowsNoDevice) {
  const Overrides all{k_sgd}, half{k_sgd, "stages.fit.save_every=2"};
  const Trained whole = trained(all);
  Trained stopped;
  {
    const OnDevice there;
    SmallRun run(half);
    host::TrainerHooks hooks;
    hooks.save = [&](const host::Checkpoint& checkpoint) {
      if (checkpoint.step == 2) stopped.checkpoint = checkpoint;
    };
    host::Trainer(run.model, run.recipe.seed, hooks).run(run.recipe.stages[0], run.data, nullptr);
  }
  ASSERT_EQ(stopped.checkpoint.step, 2);
  SmallRun resumed(all);
  resumed.model.load(stopped.checkpoint.model);
  host::Trainer(resumed.model, resumed.recipe.seed, {})
      .run(resumed.recipe.stages[0], resumed.data, &stopped.checkpoint);
  EXPECT_LT(largest_difference(whole.weights, resumed.model.state()), 2e-5);
}

TEST(EvaluationOnADevice, HasTheNumbersOfTheCpu) {
  const auto accuracy = [] {
    SmallRun run;
    const host::EvaluationPlan& plan = run.recipe.evaluate;
    return host::evaluate(run.model, run.data,
                          {host::Split::test, plan.batch_size, plan.metrics, plan.group_by})
        .all;
  };
  const auto here = accuracy();
  const OnDevice there;
  EXPECT_EQ(accuracy(), here);
}

}  // namespace
}  // namespace weft::test
