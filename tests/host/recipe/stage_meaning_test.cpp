// SPDX-License-Identifier: Apache-2.0
/// What a stage says of its losses, learning rates, groups and evaluations.

#include "host/base/text.hpp"
#include "tests/host/recipe/recipe_files.hpp"

namespace weft::test {
namespace {

using host::DivergencePlan;
using host::SchedulePlan;
using host::StagePlan;

class StageMeaningTest : public RecipeFiles {
 protected:
  StagePlan stage(const std::vector<std::string>& overrides = {}) {
    return read(k_recipe, overrides).stages.at(0);
  }
  /// The sentence of the only problem that this override makes.
  std::string refusal(const std::vector<std::string>& overrides) {
    const auto sentences = refusals(k_recipe, overrides);
    EXPECT_EQ(sentences.size(), 1u);
    return sentences.empty() ? "" : sentences.front();
  }
};

TEST_F(StageMeaningTest, WhatIsLeftOutIsAsItWas) {
  const StagePlan plan = stage();
  EXPECT_EQ(plan.optimizer.use, "adamw");
  EXPECT_EQ(plan.optimizer.settings.at("beta2"), 0.999);
  EXPECT_EQ(plan.optimizer.settings.at("eps"), 1e-8);
  EXPECT_EQ(plan.optimizer.weight_decay, 0.01);
  EXPECT_EQ(plan.schedule.shape, SchedulePlan::Shape::cosine);
  EXPECT_EQ(plan.schedule.warmup, 0);
  EXPECT_TRUE(plan.losses.at("ce").is_constant());
  EXPECT_EQ(plan.losses.at("ce").to, 1.0);
  EXPECT_THAT(plan.train, ElementsAre("*"));
  EXPECT_TRUE(plan.groups.empty());
  EXPECT_TRUE(plan.keep_best.metric.empty());
  EXPECT_EQ(plan.on_divergence.action, DivergencePlan::Action::stop);
}

TEST_F(StageMeaningTest, ALossHasAScheduledWeight) {
  const host::Schedule weight =
      stage({R"(stages.0.losses.ce={"from": 1, "to": 0.2, "over": [2, 8], "shape": "cosine"})"})
          .losses.at("ce");
  EXPECT_EQ(weight.from, 1.0);
  EXPECT_EQ(weight.to, 0.2);
  EXPECT_EQ(weight.first, 2);
  EXPECT_EQ(weight.last, 8);
  EXPECT_TRUE(weight.is_cosine);
  const host::Schedule whole =
      stage({R"(stages.0.losses.ce={"from": 0, "to": 1})"}).losses.at("ce");
  EXPECT_EQ(whole.first, 0);
  EXPECT_EQ(whole.last, 9);
  EXPECT_FALSE(whole.is_cosine);
}

TEST_F(StageMeaningTest, AScheduleThatMakesNoSenseIsRefused) {
  EXPECT_EQ(refusal({R"(stages.0.losses.ce={"from": 1, "to": 0, "over": [5, 5]})"}),
            "--set: /stages/0/losses/ce/over: expected two steps, the first one earlier, found "
            "[5, 5].");
  EXPECT_EQ(refusal({R"(stages.0.losses.ce={"from": 0, "to": 0})"}),
            "--set: /stages/0/losses/ce: the weight is 0 throughout. Leave the loss out.");
  EXPECT_EQ(refusal({R"(stages.0.losses.ce={"from": 1})"}),
            "--set: /stages/0/losses/ce: missing key \"to\", a number of at least 0.");
  EXPECT_EQ(refusal({R"(stages.0.losses.ce={"from": 1, "to": 0, "shape": "step"})"}),
            "--set: /stages/0/losses/ce/shape: expected one of \"linear\" and \"cosine\", found "
            "\"step\".");
  EXPECT_EQ(refusal({"stages.0.losses.ce=0"}),
            "--set: /stages/0/losses/ce: expected a number above 0, found 0.");
}

TEST_F(StageMeaningTest, OptimizersHaveTheirOwnKeys) {
  const host::OptimizerPlan lion =
      stage({R"(stages.0.optimizer={"use": "lion", "lr": 1e-4})"}).optimizer;
  EXPECT_EQ(lion.use, "lion");
  EXPECT_EQ(lion.settings.at("beta2"), 0.99);
  const host::OptimizerPlan sgd =
      stage({R"(stages.0.optimizer={"use": "sgd", "lr": 0.1, "nesterov": true})"}).optimizer;
  EXPECT_EQ(sgd.settings.at("momentum"), 0.9);
  EXPECT_EQ(sgd.settings.at("nesterov"), 1.0);
  EXPECT_EQ(sgd.settings.size(), 2u);
  EXPECT_EQ(sgd.weight_decay, 0.0);
  const host::OptimizerPlan muon = stage({R"(stages.0.optimizer={"use": "muon", "lr": 0.02,
      "adamw": {"lr": 0.001, "match": ["core"]}})"})
                                       .optimizer;
  EXPECT_EQ(muon.settings.at("momentum"), 0.95);
  EXPECT_EQ(muon.settings.at("iterations"), 5);
  EXPECT_THAT(muon.also_adamw, ElementsAre("core"));
  ASSERT_EQ(muon.others.size(), 1u);
  EXPECT_EQ(muon.others[0].use, "adamw");
  EXPECT_EQ(muon.others[0].lr, 0.001);
  EXPECT_EQ(muon.others[0].settings.at("beta2"), 0.999);
}

TEST_F(StageMeaningTest, AnOptimizerIsRefusedByPlaceExpectedAndFound) {
  EXPECT_EQ(refusal({"stages.0.optimizer.use=loin"}),
            "--set: /stages/0/optimizer/use: expected one of \"adamw\", \"lion\", \"muon\" and "
            "\"sgd\", found \"loin\". Did you mean \"lion\"?");
  EXPECT_EQ(refusal({"stages.0.optimizer.momentum=0.9"}),
            "--set: /stages/0/optimizer/momentum: unknown key. Known: use, lr, beta1, beta2, eps "
            "and weight_decay.");
  EXPECT_EQ(refusal({R"(stages.0.optimizer={"use": "muon", "lr": 0.02})"}),
            "--set: /stages/0/optimizer: missing key \"adamw\", an object.");
  EXPECT_EQ(
      refusal({R"(stages.0.optimizer={"use": "sgd", "lr": 0.1, "momentum": 1})"}),
      "--set: /stages/0/optimizer/momentum: expected a number of at least 0 and below 1, found 1.");
}

TEST_F(StageMeaningTest, TheLearningRateHasAShape) {
  for (const auto& [name, shape] : {std::pair("constant", SchedulePlan::Shape::constant),
                                    {"linear", SchedulePlan::Shape::linear},
                                    {"cosine", SchedulePlan::Shape::cosine},
                                    {"inverse_sqrt", SchedulePlan::Shape::inverse_sqrt}}) {
    const StagePlan plan =
        stage({host::concat("stages.0.schedule={\"shape\": \"", name, "\", \"warmup\": 2}")});
    EXPECT_EQ(plan.schedule.shape, shape) << name;
    EXPECT_EQ(plan.schedule.warmup, 2);
  }
  const StagePlan wsd = stage({R"(stages.0.schedule={"shape": "wsd", "decay": 4, "warmup": 6})"});
  EXPECT_EQ(wsd.schedule.shape, SchedulePlan::Shape::wsd);
  EXPECT_EQ(wsd.schedule.decay, 4);
}

TEST_F(StageMeaningTest, AShapeThatDoesNotFitIsRefused) {
  EXPECT_EQ(
      refusal({R"(stages.0.schedule={"shape": "wsd", "decay": 5, "warmup": 6})"}),
      "--set: /stages/0/schedule/decay: warmup and decay take 11 steps, and the stage has 10. "
      "Make one of them shorter.");
  EXPECT_EQ(refusal({R"(stages.0.schedule={"shape": "wsd"})"}),
            "--set: /stages/0/schedule: missing key \"decay\", an integer of at least 1.");
  EXPECT_EQ(refusal({R"(stages.0.schedule={"decay": 5})"}),
            "--set: /stages/0/schedule/decay: unknown key. Known: shape, warmup and min_ratio.");
  EXPECT_EQ(refusal({R"(stages.0.schedule={"shape": "constant", "min_ratio": 0.1})"}),
            "--set: /stages/0/schedule/min_ratio: unknown key. Known: shape and warmup.");
}

TEST_F(StageMeaningTest, PatternsHaveOptions) {
  const StagePlan plan = stage({R"(stages.0.train={"*": {}, "vision": {"lr_mult": 0.1,
      "layer_decay": 0.75, "from_step": 3, "weight_decay": false}})"});
  EXPECT_THAT(plan.train, ElementsAre("*", "vision"));
  ASSERT_EQ(plan.groups.size(), 2u);
  EXPECT_EQ(plan.groups[0].lr_mult, 1.0);
  EXPECT_TRUE(plan.groups[0].weight_decay);
  EXPECT_EQ(plan.groups[1].lr_mult, 0.1);
  EXPECT_EQ(plan.groups[1].layer_decay, 0.75);
  EXPECT_EQ(plan.groups[1].from_step, 3);
  EXPECT_FALSE(plan.groups[1].weight_decay);
  EXPECT_EQ(
      refusal({R"(stages.0.train={"*": {}, "vision": {"from_step": 10}})"}),
      "--set: /stages/0/train/vision/from_step: the stage has 10 steps, of which the last is 9: "
      "this never learns. Take an earlier step, or freeze it.");
  EXPECT_EQ(refusal({R"(stages.0.train={"*": {"lr": 0.1}})"}),
            "--set: /stages/0/train/*/lr: unknown key. Known: lr_mult, layer_decay, from_step and "
            "weight_decay.");
}

TEST_F(StageMeaningTest, DivergenceHasAShortForm) {
  const DivergencePlan skip = stage({"stages.0.on_divergence=skip"}).on_divergence;
  EXPECT_EQ(skip.action, DivergencePlan::Action::skip);
  EXPECT_EQ(skip.times, 3);
  EXPECT_EQ(skip.lr_mult, 1.0);
  const DivergencePlan back =
      stage({R"(stages.0.on_divergence={"do": "rollback", "times": 2, "lr_mult": 0.1})"})
          .on_divergence;
  EXPECT_EQ(back.action, DivergencePlan::Action::rollback);
  EXPECT_EQ(back.times, 2);
  EXPECT_EQ(back.lr_mult, 0.1);
  EXPECT_EQ(stage({"stages.0.on_divergence=stop"}).on_divergence.action,
            DivergencePlan::Action::stop);
  EXPECT_EQ(
      refusal({"stages.0.on_divergence=skipp"}),
      "--set: /stages/0/on_divergence/do: expected one of \"stop\", \"skip\" and \"rollback\", "
      "found \"skipp\". Did you mean \"skip\"?");
  EXPECT_EQ(refusal({R"(stages.0.on_divergence={"do": "skip", "lr_mult": 0.5})"}),
            "--set: /stages/0/on_divergence/lr_mult: unknown key. Known: do and times.");
}

TEST_F(StageMeaningTest, TheBestIsKeptByAMetricThatIsMeasured) {
  const std::vector<std::string> measured = {"stages.0.metrics=[\"accuracy\"]",
                                             "stages.0.eval_every=2"};
  const auto with = [&](const std::string& one) {
    std::vector<std::string> all = measured;
    all.push_back(one);
    return all;
  };
  const host::KeepBestPlan plan =
      stage(with(R"(stages.0.keep_best={"metric": "accuracy.value", "mode": "min", "patience": 4,
          "min_delta": 0.01})"))
          .keep_best;
  EXPECT_EQ(plan.metric, "accuracy.value");
  EXPECT_FALSE(plan.is_max);
  EXPECT_EQ(plan.patience, 4);
  EXPECT_EQ(plan.min_delta, 0.01);
  EXPECT_EQ(refusal(with(R"(stages.0.keep_best={"metric": "acuracy"})")),
            "--set: /stages/0/keep_best/metric: the stage measures no metric \"acuracy\". Did you "
            "mean \"accuracy\"? Name it in the stage's \"metrics\".");
  EXPECT_EQ(
      refusal({measured[0], R"(stages.0.keep_best={"metric": "accuracy"})"}),
      "--set: /stages/0/keep_best: evaluations are compared, and the stage has one at its end "
      "alone. Set eval_every.");
}

}  // namespace
}  // namespace weft::test
