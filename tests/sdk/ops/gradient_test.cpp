// SPDX-License-Identifier: Apache-2.0
/// Derivatives that a part asks for within its call.

#include <weft/gradient.hpp>

#include "host/engine/autograd.hpp"
#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

using GradientTest = SdkTest;

TEST_F(GradientTest, IsThatOfTheFormula) {
  const Tensor x = leaf(doubles({1, -2, 3}, {3}));
  expect_tensor(gradient(sum(x * x * x), {x})[0], {3, 12, 27}, {3});
}

TEST_F(GradientTest, CanBeDifferentiatedAgain) {
  const Tensor x = leaf(doubles({1, -2, 3}, {3}));
  const Tensor slope = gradient(sum(x * x * x), {x}, /*differentiable=*/true)[0];
  expect_tensor(gradient(sum(slope), {x})[0], {6, -12, 18}, {3});
}

TEST_F(GradientTest, AddsUpWhatSlopesSay) {
  const Tensor x = leaf(doubles({1, 2}, {2}));
  const Tensor found = gradient({x * x, sum(x)}, {doubles({10, 100}, {2}), Tensor()}, {x})[0];
  expect_tensor(found, {2 * 1 * 10 + 1, 2 * 2 * 100 + 1}, {2});
}

TEST_F(GradientTest, IsAbsentWhereNothingDepends) {
  const Tensor x = leaf(doubles({1}, {1})), other = leaf(doubles({2}, {1}));
  const std::vector<Tensor> found = gradient(sum(x), {x, other});
  EXPECT_TRUE(found[0]);
  EXPECT_FALSE(found[1]);
  EXPECT_FALSE(gradient(sum(doubles({1}, {1})), {x})[0]) << "of what is a constant";
}

TEST_F(GradientTest, LeavesCutOffAndNothingIsAddedUp) {
  const Tensor source = leaf(doubles({3}, {1}));
  const Tensor x = leaf(source * 2.0);
  EXPECT_FALSE(gradient(sum(x), {source})[0]);
  const host::Tensor watched = host::Tensor::share(source.handle());
  gradient(sum(source * source), {source});
  EXPECT_FALSE(host::gradient(watched));
}

TEST_F(GradientTest, IsThereWhereTheHostOnlyEvaluates) {
  const host::GradMode off(false);
  const auto slope = [] {
    const Tensor x = leaf(doubles({3}, {1}));
    return gradient(sum(x * x), {x})[0];
  };
  EXPECT_FALSE(slope()) << "nothing was recorded";
  {
    const Recording recording;
    expect_tensor(slope(), {6}, {1});
    const Recording not_now(false);
    EXPECT_FALSE(slope());
  }
  EXPECT_FALSE(host::is_recording());
}

TEST_F(GradientTest, WhatCannotBeIsSaid) {
  EXPECT_THAT(refusal([] { leaf(ints({1}, {1})); }),
              ::testing::HasSubstr("has no derivative. Convert it first."));
  EXPECT_THAT(refusal([] {
                const Tensor x = leaf(doubles({1, 2}, {2}));
                gradient(x * x, {x});
              }),
              ::testing::HasSubstr("grad can be implicitly created only for scalar outputs"));
  const std::vector<Tensor> one{doubles({1}, {1})}, none;
  EXPECT_EQ(refusal([&] { gradient(one, none, one); }), "gradient: 1 tensors and 0 slopes");
}

}  // namespace
}  // namespace weft::test
