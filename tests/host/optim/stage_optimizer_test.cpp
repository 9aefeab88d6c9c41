// SPDX-License-Identifier: Apache-2.0
#include "host/optim/stage_optimizer.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "host/engine/autograd.hpp"
#include "host/engine/parameters.hpp"
#include "tests/support/recipes.hpp"

namespace weft::test {
namespace {

/// How far each parameter moves in one step of plain gradient descent in which every gradient is 1.
std::map<std::string, double> moves(const std::vector<std::string>& overrides, std::int64_t step,
                                    double factor = 1.0) {
  const host::Recipe recipe = read_text(small_recipe(), overrides);
  const host::Model model(wire(recipe), recipe.seed, host::DType::float64);
  host::optim::StageOptimizer optimizer(recipe.stages[0], model);
  optimizer.set_factor(factor);
  const auto before = model.state();
  for (const host::NamedTensor& parameter : model.parameters()) {
    host::Array ones = host::Array::empty(host::DType::float64, parameter.tensor.sizes());
    std::fill_n(ones.data<double>(), ones.count(), 1.0);
    host::backward(host::sum_of_products(parameter.tensor, host::from_array(ones)));
  }
  optimizer.step(step);
  std::map<std::string, double> moved;
  for (const auto& [path, array] : model.state())
    moved[path] = before.at(path).data<double>()[0] - array.data<double>()[0];
  return moved;
}

const std::string k_sgd =
    R"(stages.fit.optimizer={"use": "sgd", "lr": 0.4, "momentum": 0, "weight_decay": 0})";

TEST(StageOptimizer, StepsAtTheLearningRateOfTheStep) {
  EXPECT_NEAR(moves({k_sgd}, 0).at("digit.out.weight"), 0.2, 1e-12);  // of two steps of warm-up
  EXPECT_NEAR(moves({k_sgd}, 1).at("digit.out.weight"), 0.4, 1e-12);
  EXPECT_NEAR(moves({k_sgd}, 3).at("digit.out.weight"), 0.0, 1e-12);
  EXPECT_NEAR(
      moves({k_sgd, "stages.fit.schedule={\"shape\": \"constant\"}"}, 3).at("digit.out.weight"),
      0.4, 1e-12);
}

TEST(StageOptimizer, EachGroupMovesByItsFactor) {
  const auto moved =
      moves({k_sgd, R"(stages.fit.train={"*": {}, "vision": {"lr_mult": 0.25}})"}, 1);
  EXPECT_NEAR(moved.at("digit.out.weight"), 0.4, 1e-12);
  EXPECT_NEAR(moved.at("vision.norm.weight"), 0.1, 1e-12);
}

TEST(StageOptimizer, AFactorHoldsForAllGroups) {
  EXPECT_NEAR(moves({k_sgd}, 1, 0.5).at("digit.out.weight"), 0.2, 1e-12);
}

TEST(StageOptimizer, WhatIsNotTrainedStays) {
  const auto moved = moves({k_sgd, "stages.fit.freeze=[\"vision\"]"}, 1);
  EXPECT_EQ(moved.at("vision.norm.weight"), 0.0);
  EXPECT_NEAR(moved.at("digit.out.weight"), 0.4, 1e-12);
}

TEST(StageOptimizer, MuonAndItsAdamWHaveRatesOfTheirOwn) {
  const auto moved = moves({R"(stages.fit.optimizer={"use": "muon", "lr": 0.02, "weight_decay": 0,
      "adamw": {"lr": 0.003, "weight_decay": 0}})"},
                           1);
  // The first step of AdamW is its learning rate long, whatever the gradient.
  EXPECT_NEAR(moved.at("vision.norm.weight"), 0.003, 1e-9);
  EXPECT_GT(std::abs(moved.at("vision.block_0.attention.query.weight")), 0.0);
  EXPECT_GT(std::abs(moved.at("vision.block_0.attention.query.weight") - 0.003), 1e-6);
}

TEST(StageOptimizer, WhatItKeepsGoesOnInAnother) {
  const host::Recipe recipe = read_text(small_recipe());
  const host::Model model(wire(recipe), recipe.seed);
  host::optim::StageOptimizer first(recipe.stages[0], model), second(recipe.stages[0], model);
  host::backward(host::sum_of_products(model.parameters()[0].tensor, model.parameters()[0].tensor));
  first.step(0);
  EXPECT_EQ(first.state().size(), 3u);
  second.load(first.state());
  EXPECT_EQ(second.state().size(), 3u);
}

}  // namespace
}  // namespace weft::test
