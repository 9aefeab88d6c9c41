// SPDX-License-Identifier: Apache-2.0
/// Float16, selected rows and a curriculum on several ranks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/host/training/trained_on.hpp"

namespace weft::test {
namespace {

Overrides with(Overrides overrides, const Overrides& more) {
  overrides.insert(overrides.end(), more.begin(), more.end());
  return overrides;
}

class RowsByRanks : public ::testing::TestWithParam<Overrides> {};

TEST_P(RowsByRanks, GiveTheSameBits) {
  const Trained alone = trained_on(1, with(k_four, GetParam()));
  EXPECT_FALSE(same_bits(alone.weights, trained_on(1, k_four).weights)) << "it does nothing";
  EXPECT_TRUE(same(trained_on(2, with(k_four, GetParam())), alone));
  EXPECT_TRUE(same(trained_on(4, with(k_four, GetParam())), alone));
  const Overrides sharded = with(GetParam(), {R"(parallel={"shard": "parameters"})"});
  EXPECT_TRUE(same(trained_on(2, with(k_four, sharded)), alone));
}

TEST_P(RowsByRanks, GoOnWithAnotherNumberOfThem) {
  const Overrides overrides = with(k_four, with(GetParam(), {"stages.fit.save_every=1"}));
  const Trained unbroken = trained_on(1, overrides);
  std::optional<host::Checkpoint> first;
  trained_on(4, overrides, small_recipe(), nullptr, &first);
  ASSERT_EQ(first->step, 1);
  const Trained rest = trained_on(2, overrides, small_recipe(), &*first);
  EXPECT_TRUE(same_bits(rest.weights, unbroken.weights));
}

TEST_P(RowsByRanks, APipelineGivesTheSameBits) {
  const Overrides overrides = with(k_four, with(GetParam(), {R"(parallel={"pipeline": 2})"}));
  EXPECT_TRUE(same_bits(trained_on(2, overrides).weights, trained_on(1, overrides).weights));
}

INSTANTIATE_TEST_SUITE_P(
    Of, RowsByRanks,
    ::testing::Values(Overrides{"stages.fit.precision=fp16",
                                R"(stages.fit.loss_scale={"initial": 4096, "growth_interval": 1})"},
                      Overrides{R"(stages.fit.select={"by": "ce", "draw": 3})"},
                      Overrides{R"(stages.fit.select={"by": "ce", "draw": 2, "keep": "lowest"})"},
                      Overrides{R"(stages.fit.curriculum={"easy_first": "ce"})"},
                      Overrides{R"(stages.fit.curriculum={"easy_first": "/label"})"}));

}  // namespace
}  // namespace weft::test
