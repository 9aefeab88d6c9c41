// SPDX-License-Identifier: Apache-2.0
/// What a stage does not train stays, buffers included.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "host/base/error.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/training/objective.hpp"
#include "host/training/selection.hpp"
#include "host/training/trainer.hpp"
#include "tests/host/training/small_run.hpp"

namespace weft::test {
namespace {

using host::Array;

/// vision → norms → digit: batch normalisation in the blocks `first` and `second`, their statistics
/// in `first.inner` and `second.inner`, where no parameter is.
std::vector<std::string> with_norms(const std::vector<std::string>& more = {}) {
  std::vector<std::string> overrides = {
      R"(graph.norms={"use": "test/encoder.norms", "in": {"tokens": "vision.tokens"}})",
      "graph.digit.in.state=norms.tokens"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return overrides;
}

/// The paths of what a stage of the recipe with norms has changed.
std::set<std::string> moved(const std::vector<std::string>& more) {
  SmallRun run(with_norms(more), host::DType::float32, small_recipe(), parts());
  const auto before = run.model.state();
  host::Trainer(run.model, run.recipe.seed, {}).run(run.recipe.stages[0], run.data);
  std::set<std::string> paths;
  for (const auto& [path, array] : run.model.state())
    if (std::memcmp(array.bytes.get(), before.at(path).bytes.get(), array.byte_count()) != 0)
      paths.insert(path);
  return paths;
}

TEST(Frozen, StatisticsMoveWhereTheirPartIsTrained) {
  const auto paths = moved({});
  for (const char* name : {"first.inner.mean", "first.inner.variance", "second.inner.mean",
                           "second.inner.variance", "first.weight", "second.weight"})
    EXPECT_TRUE(paths.contains(std::string("norms.") + name)) << name;
}

TEST(Frozen, StatisticsStayWithTheirPart) {
  for (const std::string how :
       {"stages.fit.freeze=[\"norms\"]", "stages.fit.freeze=[\"norms.*\"]",
        "stages.fit.train=[\"vision\", \"digit\"]", "stages.fit.train=[\"*.bias\"]"}) {
    for (const std::string& path : moved({how})) EXPECT_FALSE(path.starts_with("norms.")) << path;
  }
}

TEST(Frozen, StatisticsFollowTheParametersOfTheirBlock) {
  std::set<std::string> norms;
  for (const std::string& path : moved({"stages.fit.freeze=[\"norms.first\"]"}))
    if (path.starts_with("norms.")) norms.insert(path);
  EXPECT_EQ(norms, (std::set<std::string>{"norms.second.weight", "norms.second.inner.mean",
                                          "norms.second.inner.variance"}));
}

/// The loss of one step over the first rows of the data.
double loss(SmallRun& run, std::int64_t rows) {
  const host::StagePlan& stage = run.recipe.stages[0];
  host::select_trainable(run.model, stage);
  host::TrainingStream stream(run.data, rows, 1);
  const host::Objective objective(run.model, stage);
  return objective.backward(host::micro_batches(stream.next(), 1), {true, 5}).at("ce");
}

// One sample alone has no statistics of its own worth having: normalised by them, its tokens would
// be others than by those that were learned.
TEST(Frozen, AFrozenPartUsesTheStatisticsThatItHas) {
  const auto mean_of_singles = [](const std::string& how) {
    SmallRun run(with_norms({how}), host::DType::float32, small_recipe(), parts());
    double sum = 0.0;
    host::TrainingStream stream(run.data, 1, 1);
    host::select_trainable(run.model, run.recipe.stages[0]);
    const host::Objective objective(run.model, run.recipe.stages[0]);
    for (int i = 0; i < 12; ++i)
      sum += objective.backward(host::micro_batches(stream.next(), 1), {true, 5}).at("ce");
    return sum / 12;
  };
  const auto of_all = [](const std::string& how) {
    SmallRun run(with_norms({how}), host::DType::float32, small_recipe(), parts());
    return loss(run, 12);
  };
  const std::string frozen = "stages.fit.freeze=[\"norms\"]", trained = "seed=3";
  EXPECT_NEAR(mean_of_singles(frozen), of_all(frozen), 1e-5);
  EXPECT_GT(std::abs(mean_of_singles(trained) - of_all(trained)), 1e-3) << "else it shows nothing";
}

TEST(Frozen, MicroBatchesAreRefusedOnlyWhereRowsMeet) {
  const auto wiring = [](const std::vector<std::string>& more) {
    std::vector<std::string> texts;
    try {
      const SmallRun run(with_norms(more), host::DType::float32, small_recipe(), parts());
    } catch (const host::RecipeError& error) {
      for (const host::Problem& problem : error.problems()) texts.push_back(problem.text);
    }
    return texts;
  };
  EXPECT_THAT(wiring({"stages.fit.grad_accumulation=3"}),
              testing::ElementsAre(testing::HasSubstr("\"norms\" compares the rows of a batch")));
  EXPECT_THAT(wiring({"stages.fit.grad_accumulation=3", "stages.fit.freeze=[\"norms\"]"}),
              testing::ElementsAre());
}

}  // namespace
}  // namespace weft::test
