// SPDX-License-Identifier: Apache-2.0
#include "host/training/schedule.hpp"

#include <gtest/gtest.h>

namespace weft::host {
namespace {

StagePlan stage() {
  StagePlan plan;
  plan.steps = 101;
  plan.optimizer.lr = 2.0;
  plan.schedule = {10, 0.1};
  return plan;
}

TEST(LearningRate, RisesLinearlyToThePeak) {
  EXPECT_DOUBLE_EQ(learning_rate(stage(), 0), 0.2);
  EXPECT_DOUBLE_EQ(learning_rate(stage(), 4), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate(stage(), 9), 2.0);
}

TEST(LearningRate, FallsAlongHalfACosine) {
  EXPECT_DOUBLE_EQ(learning_rate(stage(), 10), 2.0);
  EXPECT_NEAR(learning_rate(stage(), 55), 1.1, 1e-12);  // half-way between 2 and 0.2
  EXPECT_NEAR(learning_rate(stage(), 100), 0.2, 1e-12);
}

TEST(LearningRate, WithoutWarmUpBeginsAtThePeak) {
  StagePlan plan = stage();
  plan.schedule = {0, 0.0};
  EXPECT_DOUBLE_EQ(learning_rate(plan, 0), 2.0);
  EXPECT_NEAR(learning_rate(plan, 100), 0.0, 1e-12);
}

}  // namespace
}  // namespace weft::host
