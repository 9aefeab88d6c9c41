// SPDX-License-Identifier: Apache-2.0
#include "host/training/pipelined_objective.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "host/data/loading/stream.hpp"
#include "host/optim/stage_optimizer.hpp"
#include "host/training/stage_share.hpp"
#include "host/training/step_runner.hpp"
#include "tests/host/training/trained_on.hpp"

namespace weft::test {
namespace {

Overrides with_pipeline(Overrides overrides, int ranks) {
  overrides.push_back("parallel={\"pipeline\": " + std::to_string(ranks) + "}");
  return overrides;
}

// With dropout, clipping and AdamW. Where the graph is cut follows a clock; the bits do not.
TEST(Pipeline, TwoAndThreeRanksGiveTheBitsOfOne) {
  const Trained alone = trained_on(1, k_four);
  EXPECT_TRUE(same(trained_on(2, with_pipeline(k_four, 2)), alone));
  EXPECT_TRUE(same(trained_on(3, with_pipeline(k_four, 3)), alone));
}

TEST(Pipeline, ARunGoesOnAsAPipelineAndBack) {
  Overrides overrides = k_four;
  overrides.push_back("stages.fit.save_every=1");
  const Trained unbroken = trained_on(1, overrides);
  std::optional<host::Checkpoint> first;
  trained_on(2, with_pipeline(overrides, 2), small_recipe(), nullptr, &first);
  ASSERT_EQ(first->step, 1);
  EXPECT_TRUE(
      same_bits(trained_on(1, overrides, small_recipe(), &*first).weights, unbroken.weights));
  EXPECT_TRUE(same_bits(trained_on(3, with_pipeline(overrides, 3), small_recipe(), &*first).weights,
                        unbroken.weights));
}

TEST(Pipeline, EachRankOwnsTheWeightsOfItsNodes) {
  std::vector<std::string> told;
  EXPECT_EQ(
      on_ranks(2,
               [&](host::Collective& ranks) {
                 const SmallRun run(with_pipeline(k_four, 2));
                 const host::StageShare share = host::share_stage(
                     run.model, 3, [&](const std::string& one) { told.push_back(one); },
                     run.recipe.stages[0], run.data, sharing_of(run.recipe, ranks));
                 std::set<int> ranks_with_nodes;
                 for (const auto& [node, rank] : share.rank_of) ranks_with_nodes.insert(rank);
                 EXPECT_THAT(ranks_with_nodes, testing::ElementsAre(0, 1));
                 const host::optim::StageOptimizer optimizer(share.plan, run.model, share.sharing);
                 EXPECT_EQ(optimizer.owners().size(), run.model.parameters().size());
                 for (const auto& [path, owner] : optimizer.owners())
                   EXPECT_EQ(owner, share.rank_of.at(
                                        run.model.wiring().index(path.substr(0, path.find('.')))));
               }),
      "");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], testing::ContainsRegex("stage \"fit\" is a pipeline: .* %\\) \\| .*ce "
                                              "\\([0-9]+ %\\)\\. A step of 4 micro-batches"));
}

// Two classifiers whose weight is one, each on a rank of its own: its gradient is that of both, on
// the rank that owns it.
TEST(Pipeline, AWeightOfNodesOnTwoRanksGetsTheGradientOfBoth) {
  const Overrides overrides{
      R"(graph.again={"use": "decoder.classifier", "in": {"state": "vision.tokens"}, "config": {"dim": 16, "classes": 10, "dropout": 0.0}})",
      R"(losses.ce2={"use": "loss.cross_entropy", "in": {"logits": "again.logits", "target": "batch.label"}})",
      R"(stages.fit.losses={"ce": 1, "ce2": 0.5})",
      R"(tie={"again.out.weight": "digit.out.weight"})"};
  const auto step_on = [&](host::Collective& ranks, bool is_pipeline) {
    SmallRun run(overrides);
    const host::Wiring& wiring = run.model.wiring();
    host::NodeRanks rank_of;
    host::optim::Owners owners;
    if (is_pipeline) {
      rank_of = {{wiring.index("vision"), 0},
                 {wiring.index("digit"), 0},
                 {wiring.index("ce"), 0},
                 {wiring.index("again"), 1},
                 {wiring.index("ce2"), 1}};
      for (const host::NamedTensor& parameter : run.model.parameters())
        owners[parameter.path] = parameter.path.starts_with("again.") ? 1 : 0;
    }
    host::StepRunner runner(run.model, run.recipe.stages[0], 3, ranks, owners, rank_of);
    host::StepReport report;
    runner.run(host::TrainingStream(run.data, 12, 3).next(), 0, report);
    return report;
  };
  const host::StepReport alone = step_on(host::one_rank(), false);
  std::vector<host::StepReport> together(2);
  EXPECT_EQ(on_ranks(2,
                     [&](host::Collective& ranks) {
                       together[static_cast<std::size_t>(ranks.rank())] = step_on(ranks, true);
                     }),
            "");
  for (const host::StepReport& report : together) {
    EXPECT_EQ(report.losses, alone.losses);
    EXPECT_NEAR(report.gradient_norm, alone.gradient_norm, 1e-6 * alone.gradient_norm);
  }
}

// What a rank keeps of the optimizer after a step is of its nodes alone: together it is that of
// one.
TEST(Pipeline, NoRankKeepsWhatAnotherMoves) {
  std::vector<std::size_t> kept(2);
  EXPECT_EQ(on_ranks(2,
                     [&](host::Collective& ranks) {
                       SmallRun run(with_pipeline(k_four, 2));
                       const host::StageShare share =
                           host::share_stage(run.model, 3, {}, run.recipe.stages[0], run.data,
                                             sharing_of(run.recipe, ranks));
                       host::optim::StageOptimizer optimizer(share.plan, run.model, share.sharing);
                       host::StepRunner runner(run.model, share.plan, 3, ranks,
                                               share.gradient_owners(optimizer), share.rank_of);
                       host::StepReport report;
                       runner.run(host::TrainingStream(run.data, share.batch_size(), 3).next(), 0,
                                  report);
                       optimizer.step(0);
                       kept[static_cast<std::size_t>(ranks.rank())] = optimizer.kept_bytes();
                     }),
            "");
  SmallRun run(k_four);
  std::size_t numbers = 0;
  for (const host::NamedTensor& parameter : run.model.parameters()) {
    std::size_t count = 1;
    for (const std::int64_t size : parameter.tensor.sizes())
      count *= static_cast<std::size_t>(size);
    numbers += count;
  }
  EXPECT_LT(kept[0], 2 * 4 * numbers);
  EXPECT_LT(kept[1], 2 * 4 * numbers);
  EXPECT_NEAR(static_cast<double>(kept[0] + kept[1]), static_cast<double>(2 * 4 * numbers),
              0.01 * static_cast<double>(2 * 4 * numbers));
}

}  // namespace
}  // namespace weft::test
