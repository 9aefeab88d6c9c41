// SPDX-License-Identifier: Apache-2.0
#include "host/optim/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace weft::host::optim {
namespace {

using Shape = SchedulePlan::Shape;

TEST(Schedule, ANumberIsTheSameAtEveryStep) {
  const Schedule schedule = 0.3;
  EXPECT_TRUE(schedule.is_constant());
  for (const int step : {0, 1, 1000}) EXPECT_EQ(value_at(schedule, step), 0.3);
}

Schedule falling(bool is_cosine) {
  Schedule schedule = 1.0;
  schedule.to = 0.2;
  schedule.first = 10;
  schedule.last = 20;
  schedule.is_cosine = is_cosine;
  return schedule;
}

TEST(Schedule, ChangesBetweenItsStepsAlongALine) {
  const Schedule schedule = falling(false);
  EXPECT_FALSE(schedule.is_constant());
  for (int step = 0; step <= 30; ++step) {
    const double s = step < 10 ? 0.0 : step > 20 ? 1.0 : (step - 10) / 10.0;
    EXPECT_NEAR(value_at(schedule, step), 1.0 + s * (0.2 - 1.0), 1e-15) << step;
  }
  EXPECT_EQ(value_at(schedule, 10), 1.0);
  EXPECT_EQ(value_at(schedule, 20), 0.2);
}

TEST(Schedule, ChangesBetweenItsStepsAlongHalfACosine) {
  for (int step = 10; step <= 20; ++step) {
    const double s = (step - 10) / 10.0;
    EXPECT_NEAR(value_at(falling(true), step),
                0.2 + (1.0 - 0.2) * 0.5 * (1.0 + std::cos(std::numbers::pi * s)), 1e-15);
  }
}

/// 101 steps at a peak of 2, of which ten are warm-up, down to 0.2.
double rate(Shape shape, std::int64_t step, std::int64_t warmup = 10) {
  return learning_rate({warmup, 0.1, shape, 20}, 2.0, 101, step);
}

TEST(LearningRate, RisesLinearlyToThePeak) {
  for (const Shape shape :
       {Shape::constant, Shape::linear, Shape::cosine, Shape::wsd, Shape::inverse_sqrt})
    for (int step = 0; step < 10; ++step)
      EXPECT_DOUBLE_EQ(rate(shape, step), 2.0 * (step + 1) / 10.0);
}

TEST(LearningRate, WithoutWarmUpBeginsAtThePeak) {
  for (const Shape shape :
       {Shape::constant, Shape::linear, Shape::cosine, Shape::wsd, Shape::inverse_sqrt})
    EXPECT_DOUBLE_EQ(rate(shape, 0, 0), 2.0);
}

TEST(LearningRate, FallsAlongHalfACosine) {
  for (int step = 10; step <= 100; ++step)
    EXPECT_NEAR(rate(Shape::cosine, step),
                0.2 + 1.8 * 0.5 * (1.0 + std::cos(std::numbers::pi * (step - 10) / 90.0)), 1e-14);
  EXPECT_NEAR(rate(Shape::cosine, 55), 1.1, 1e-12);
}

TEST(LearningRate, FallsAlongALine) {
  for (int step = 10; step <= 100; ++step)
    EXPECT_NEAR(rate(Shape::linear, step), 2.0 - 1.8 * (step - 10) / 90.0, 1e-14);
}

TEST(LearningRate, StaysConstant) {
  for (int step = 10; step <= 100; ++step) EXPECT_EQ(rate(Shape::constant, step), 2.0);
}

TEST(LearningRate, IsStableAndDecaysAtTheEnd) {
  for (int step = 10; step <= 80; ++step) EXPECT_EQ(rate(Shape::wsd, step), 2.0);
  for (int step = 81; step <= 100; ++step)
    EXPECT_NEAR(rate(Shape::wsd, step), 2.0 - 1.8 * (step - 80) / 20.0, 1e-14);
  EXPECT_NEAR(rate(Shape::wsd, 100), 0.2, 1e-14);
}

TEST(LearningRate, FallsAsTheInverseRootOfTheStepDownToItsFloor) {
  for (int step = 10; step <= 100; ++step)
    EXPECT_NEAR(rate(Shape::inverse_sqrt, step), 2.0 * std::sqrt(10.0 / (step + 1)), 1e-14);
  EXPECT_DOUBLE_EQ(rate(Shape::inverse_sqrt, 9), 2.0);  // no jump behind the warm-up
  EXPECT_EQ(learning_rate({10, 0.1, Shape::inverse_sqrt, 0}, 2.0, 100000, 99999), 0.2);
}

// What a stage of one step, or of nothing but warm-up, asks for.
TEST(LearningRate, HoldsAtTheEdges) {
  for (const Shape shape :
       {Shape::constant, Shape::linear, Shape::cosine, Shape::wsd, Shape::inverse_sqrt}) {
    EXPECT_DOUBLE_EQ(learning_rate({0, 0.5, shape, 1}, 2.0, 1, 0), shape == Shape::wsd ? 1.0 : 2.0);
    EXPECT_DOUBLE_EQ(learning_rate({3, 0.0, shape, 0}, 2.0, 3, 2), 2.0);
  }
}

}  // namespace
}  // namespace weft::host::optim
