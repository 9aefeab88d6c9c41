// SPDX-License-Identifier: Apache-2.0
/// Several ranks that train one model.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <optional>

#include "host/base/error.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/recorder.hpp"
#include "host/evaluation/shared_evaluation.hpp"
#include "host/optim/stage_optimizer.hpp"
#include "host/recipe/parallel.hpp"
#include "host/training/finite.hpp"
#include "host/training/selection.hpp"
#include "host/training/stage_run.hpp"
#include "host/training/step_runner.hpp"
#include "tests/host/training/small_run.hpp"
#include "tests/host/training/trained_on.hpp"
#include "tests/support/ranks.hpp"

namespace weft::test {
namespace {

using host::Array;
using ::testing::HasSubstr;

// With dropout, clipping and AdamW: everything that a rank could do otherwise.
TEST(Ranks, OneTwoAndFourGiveTheSameBits) {
  const Trained alone = trained_on(1, k_four);
  EXPECT_TRUE(same(trained_on(2, k_four), alone));
  EXPECT_TRUE(same(trained_on(4, k_four), alone));
}

TEST(Ranks, WithoutAccumulationTwoGiveTheBitsOfTwoMicroBatches) {
  const Trained alone = trained_on(1, {"stages.fit.grad_accumulation=2"});
  const Trained two = trained_on(2, {});
  EXPECT_TRUE(same(two, alone));
  const Trained whole = trained_on(1, {});
  EXPECT_FALSE(same(two, whole)) << "a batch in two pieces rounds otherwise";
  EXPECT_NEAR(two.losses[0].at("ce"), whole.losses[0].at("ce"), 1e-6);
  EXPECT_NEAR(two.norms[0], whole.norms[0], 1e-5 * whole.norms[0]);
}

TEST(Ranks, ThreeGiveTheBitsOfThreeMicroBatches) {
  EXPECT_TRUE(same(trained_on(3, {}), trained_on(1, {"stages.fit.grad_accumulation=3"})));
}

TEST(Ranks, EachSeesItsOwnPartOfTheBatch) {
  std::vector<std::vector<std::string>> keys(2);
  std::vector<std::string> whole;
  SmallRun run;
  for (const int rank : {0, 1})
    keys[static_cast<std::size_t>(rank)] =
        host::TrainingStream(run.data, 6, 3, {rank, 2}).next().keys;
  whole = host::TrainingStream(run.data, 12, 3).next().keys;
  keys[0].insert(keys[0].end(), keys[1].begin(), keys[1].end());
  EXPECT_EQ(keys[0], whole);
}

TEST(Ranks, ARunGoesOnWithAnotherNumberOfThem) {
  Overrides overrides = k_four;
  overrides.push_back("stages.fit.save_every=1");
  const Trained unbroken = trained_on(1, overrides);
  std::optional<host::Checkpoint> first;
  trained_on(4, overrides, small_recipe(), nullptr, &first);
  ASSERT_EQ(first->step, 1);
  const Trained rest = trained_on(2, overrides, small_recipe(), &*first);
  EXPECT_TRUE(same_bits(rest.weights, unbroken.weights));
  EXPECT_TRUE(same_bits(rest.optimizer, unbroken.optimizer));
}

/// Pairs pictures with what the classifier says of them, by a learned projection and temperature.
Overrides contrastive(const std::string& batch) {
  return {
      R"(losses.itc={"use": "loss.contrastive", "in": {"left": "vision.pooled", "right": "digit.logits"}, "config": {"project": 8, "learned": true}})",
      R"(stages.fit.losses={"ce": 1, "itc": 0.5})", "stages.fit.batch_size=" + batch,
      "stages.fit.steps=2"};
}

Overrides with_shard(Overrides overrides, const std::string& shard) {
  overrides.push_back("parallel={\"shard\": \"" + shard + "\"}");
  return overrides;
}
const Overrides k_sharded = with_shard({}, "optimizer");

class Shards : public ::testing::TestWithParam<const char*> {};

// Three ranks own unequal parts, and micro-batches of unequal numbers.
TEST_P(Shards, GiveTheSameBits) {
  const Trained whole = trained_on(1, k_four);
  EXPECT_TRUE(same(trained_on(2, with_shard(k_four, GetParam())), whole));
  EXPECT_TRUE(same(trained_on(4, with_shard(k_four, GetParam())), whole));
  Overrides odd = k_four;
  odd[1] = "stages.fit.grad_accumulation=3";
  EXPECT_TRUE(same(trained_on(3, with_shard(odd, GetParam())), trained_on(1, odd)));
}

TEST_P(Shards, GiveTheSameBitsWhereNodesRunAgain) {
  Overrides overrides = k_four;
  overrides.push_back(R"(stages.fit.recompute=["vision"])");
  EXPECT_TRUE(same(trained_on(2, with_shard(overrides, GetParam())), trained_on(1, overrides)));
}

// The loss has parameters of its own, whose gradient the first rank has.
TEST_P(Shards, GiveTheSameBitsWhereALossComparesRows) {
  EXPECT_TRUE(same(trained_on(2, with_shard(contrastive("12"), GetParam())),
                   trained_on(2, contrastive("12"))));
}

/// Gradients travel as bfloat16.
Overrides narrow(Overrides overrides, const std::string& shard) {
  overrides.push_back(R"(parallel={"wire": "bfloat16", "shard": ")" + shard + "\"}");
  return overrides;
}

TEST_P(Shards, GiveTheSameBitsWhereGradientsTravelAsBfloat16) {
  EXPECT_TRUE(
      same(trained_on(4, narrow(k_four, GetParam())), trained_on(4, narrow(k_four, "none"))));
}

TEST(Ranks, GradientsTravelAsBfloat16WhereThatIsAsked) {
  const Trained whole = trained_on(1, k_four), two = trained_on(2, narrow(k_four, "none"));
  EXPECT_FALSE(same(two, whole));
  EXPECT_EQ(two.losses[0], whole.losses[0]) << "no weight was moved before";
  EXPECT_NE(two.norms[0], whole.norms[0]);
  EXPECT_NEAR(two.norms[0], whole.norms[0], 0.01 * whole.norms[0]);
  EXPECT_TRUE(same(trained_on(1, narrow(k_four, "none")), whole)) << "one rank sends none";
}

// Four ranks, two, then one, each with another layout.
TEST_P(Shards, GoOnWithFewerRanks) {
  Overrides overrides = k_four;
  overrides.push_back("stages.fit.save_every=1");
  const Trained unbroken = trained_on(1, overrides);
  std::optional<host::Checkpoint> first, second;
  trained_on(4, with_shard(overrides, GetParam()), small_recipe(), nullptr, &first);
  trained_on(2, with_shard(overrides, "gradients"), small_recipe(), &*first, &second);
  ASSERT_EQ(second->step, 2);
  const Trained rest = trained_on(1, overrides, small_recipe(), &*second);
  EXPECT_TRUE(same_bits(rest.weights, unbroken.weights));
  EXPECT_TRUE(same_bits(rest.optimizer, unbroken.optimizer));
}

std::size_t bytes_of(const State& state) {
  std::size_t bytes = 0;
  for (const auto& [path, array] : state) bytes += array.byte_count();
  return bytes;
}

// What a rank copies for a checkpoint is what it owns: half, and the largest tensor at most.
TEST_P(Shards, EachRankSavesItsOwnPart) {
  EXPECT_EQ(on_ranks(2,
                     [&](host::Collective& ranks) {
                       SmallRun run(with_shard({"stages.fit.steps=1"}, GetParam()));
                       const std::size_t all = bytes_of(run.model.state());
                       std::size_t largest = 0, model = 0, optimizer = 0;
                       for (const auto& [path, array] : run.model.state())
                         largest = std::max(largest, array.byte_count());
                       host::TrainerHooks hooks;
                       hooks.save = [&](const host::Checkpoint& piece) {
                         model = bytes_of(piece.model);
                         optimizer = bytes_of(piece.optimizer);
                       };
                       host::StagePlan& stage = run.recipe.stages[0];
                       host::train_stage(run.model, run.recipe.seed, hooks, stage, run.data,
                                         nullptr, sharing_of(run.recipe, ranks));
                       EXPECT_LE(model, all / 2 + largest);
                       EXPECT_LE(optimizer, all + 2 * largest) << "two moments of half of them";
                       EXPECT_GT(model, 0U);
                     }),
            "");
}

// One rank has the number that is none, and all must stop.
TEST(Ranks, APieceThatIsNotFiniteIsSavedByNobody) {
  const std::string sentence =
      "stage \"fit\", step 3: the step left digit.weight with values that are not finite numbers, "
      "so "
      "it is not saved.";
  const auto body = [&](host::Collective& ranks) {
    const SmallRun run;
    host::Checkpoint piece;
    piece.stage = "fit";
    piece.step = 3;
    piece.piece = ranks.rank();
    piece.pieces = 2;
    piece.model["digit.weight"] = Array::of<float>({ranks.rank() == 1 ? NAN : 1.0F}, {1});
    try {
      host::FiniteWeights(run.model).require(piece, ranks);
      ADD_FAILURE() << ranks.rank();
    } catch (const host::NotFiniteWeights& fault) {
      EXPECT_EQ(fault.what(), sentence);
    }
  };
  EXPECT_EQ(on_ranks(2, body), "");
}

/// Bytes of the parameters that a rank owns, or of all.
std::size_t bytes_of(const host::Model& model, const host::optim::Owners& owners, int rank) {
  std::size_t bytes = 0;
  for (const host::NamedTensor& parameter : model.parameters()) {
    if (!owners.empty() && (!owners.contains(parameter.path) || owners.at(parameter.path) != rank))
      continue;
    std::size_t count = sizeof(float);
    for (const std::int64_t size : parameter.tensor.sizes())
      count *= static_cast<std::size_t>(size);
    bytes += count;
  }
  return bytes;
}

// After a step: parameters, gradients and two moments of AdamW, whole or what the rank owns.
TEST_P(Shards, HoldWhatTheFormulaSays) {
  EXPECT_EQ(
      on_ranks(2,
               [&](host::Collective& ranks) {
                 const host::OperationRecorder recorder;
                 SmallRun run(with_shard({}, GetParam()));
                 const std::int64_t made = recorder.bytes();
                 host::StagePlan& stage = run.recipe.stages[0];
                 stage.grad_accumulation = 2;
                 const host::Sharing sharing = sharing_of(run.recipe, ranks);
                 const host::optim::Owners none;
                 host::optim::StageOptimizer optimizer(stage, run.model, sharing);
                 const auto owned = [&](host::Sharded what) {
                   return bytes_of(run.model, sharing.shards(what) ? optimizer.owners() : none,
                                   ranks.rank());
                 };
                 const std::size_t all = bytes_of(run.model, none, 0);
                 host::StepRunner runner(
                     run.model, stage, run.recipe.seed, ranks,
                     sharing.shards(host::Sharded::gradients) ? optimizer.owners() : none);
                 if (sharing.shards(host::Sharded::parameters))
                   run.model.shard(ranks, optimizer.owners_of_all(run.model));
                 host::StepReport report;
                 host::TrainingStream stream(run.data, stage.batch_size / 2, run.recipe.seed,
                                             {ranks.rank(), 2});
                 EXPECT_EQ(runner.run(stream.next(), 0, report), "");
                 optimizer.step(0);
                 const auto held =
                     static_cast<double>(recorder.bytes() - made) + static_cast<double>(all);
                 const auto formula = static_cast<double>(owned(host::Sharded::parameters) +
                                                          owned(host::Sharded::gradients) +
                                                          2 * owned(host::Sharded::optimizer));
                 EXPECT_NEAR(held, formula, 0.01 * formula);
                 EXPECT_LT(formula, 4.0 * static_cast<double>(all));
               }),
      "");
}

INSTANTIATE_TEST_SUITE_P(All, Shards, ::testing::Values("optimizer", "gradients", "parameters"));

TEST(Ranks, AWeightThatAnotherRankKeepsIsNotRead) {
  EXPECT_EQ(on_ranks(2,
                     [](host::Collective& ranks) {
                       SmallRun run;
                       host::optim::Owners owners;
                       for (const host::NamedTensor& parameter : run.model.parameters())
                         owners[parameter.path] = 0;
                       const host::Tensor one = run.model.parameters()[0].tensor;
                       const State before = run.model.state();
                       run.model.shard(ranks, owners);
                       if (ranks.rank() == 1) {
                         try {
                           host::to_array(one);
                           ADD_FAILURE();
                         } catch (const host::Error& error) {
                           EXPECT_THAT(error.what(), HasSubstr("is kept by another rank"));
                         }
                       }
                       EXPECT_TRUE(same_bits(run.model.state(), before));
                       run.model.unshard();
                       EXPECT_EQ(host::to_array(one).byte_count(),
                                 before.at(run.model.parameters()[0].path).byte_count());
                     }),
            "");
}

// What one rank holds of AdamW: two moments of what it owns, and a step count each.
TEST(Ranks, AShardedOptimizerIsKeptByItsOwners) {
  std::vector<std::size_t> kept(3);
  std::size_t whole = 0, largest = 0;
  const auto step = [&](host::Collective& ranks, const Overrides& overrides) {
    SmallRun run(overrides);
    host::StagePlan& stage = run.recipe.stages[0];
    host::select_trainable(run.model, stage);
    host::optim::StageOptimizer optimizer(stage, run.model,
                                          {ranks, host::parallel_of(run.recipe).shard});
    host::Tensor sum;
    for (const host::NamedTensor& parameter : run.model.parameters()) {
      const host::Tensor part = host::sum_of_products(parameter.tensor, parameter.tensor);
      sum = sum ? host::add(sum, part) : part;
      largest = std::max(largest, host::to_array(parameter.tensor).byte_count());
    }
    host::backward(sum);
    optimizer.step(0);
    return optimizer.kept_bytes();
  };
  EXPECT_EQ(on_ranks(1, [&](host::Collective& ranks) { whole = step(ranks, {}); }), "");
  std::mutex mutex;
  EXPECT_EQ(on_ranks(3,
                     [&](host::Collective& ranks) {
                       const std::size_t bytes = step(ranks, k_sharded);
                       const std::lock_guard lock(mutex);
                       kept[static_cast<std::size_t>(ranks.rank())] = bytes;
                     }),
            "");
  EXPECT_EQ(kept[0] + kept[1] + kept[2], whole);
  for (const std::size_t bytes : kept) EXPECT_LE(bytes, whole / 3 + 2 * largest);
}

TEST(Ranks, AContrastiveLossComparesTheRowsOfAllRanks) {
  const Trained one = trained_on(1, contrastive("12")), two = trained_on(2, contrastive("12"));
  EXPECT_NEAR(two.losses[0].at("itc"), one.losses[0].at("itc"), 1e-6);
  EXPECT_NEAR(two.norms[0], one.norms[0], 1e-5 * one.norms[0]);
  // What each half of the batch alone would give is another number.
  const Trained half = trained_on(1, contrastive("6"));
  EXPECT_GT(std::abs(half.losses[0].at("itc") - one.losses[0].at("itc")), 0.1);
}

TEST(Ranks, EvaluationGivesWhatOneRankGives) {
  const auto evaluated = [](int count, std::int64_t batch, const std::string& by) {
    std::vector<host::Evaluation> all(static_cast<std::size_t>(count));
    EXPECT_EQ(on_ranks(count,
                       [&](host::Collective& ranks) {
                         SmallRun run;
                         all[static_cast<std::size_t>(ranks.rank())] = host::evaluate_together(
                             run.model, run.data,
                             {host::Split::test, batch, {"accuracy"}, by, {}, 5, 5}, ranks);
                       }),
              "");
    for (const host::Evaluation& one : all) {
      EXPECT_EQ(one.all, all[0].all);
      EXPECT_EQ(one.by, all[0].by);
      EXPECT_EQ(one.examples, all[0].examples);
      EXPECT_EQ(one.keys, all[0].keys);
      EXPECT_EQ(one.drawn, all[0].drawn);
    }
    return all[0];
  };
  const host::Evaluation one = evaluated(1, 7, "/speaker");
  EXPECT_GT(one.by.size(), 1U);
  for (const auto& [count, batch] : {std::pair{2, 7}, {3, 7}, {4, 1000}}) {
    const host::Evaluation more = evaluated(count, batch, "/speaker");
    EXPECT_EQ(more.all, one.all) << count;
    EXPECT_EQ(more.by, one.by);
    EXPECT_EQ(more.examples, one.examples);
    EXPECT_EQ(more.keys, one.keys);
    EXPECT_EQ(more.drawn, one.drawn);
  }
}

TEST(Ranks, DataThatOneRankCannotReadIsNamedToTheOthers) {
  const std::string thrown = on_ranks(2, [](host::Collective& ranks) {
    SmallRun run;
    host::TrainerHooks hooks;
    hooks.begin = [&](const std::string&, std::int64_t step) {
      if (ranks.rank() == 1 && step == 2) {
        dynamic_cast<host::Ranks&>(ranks).fail("the shard ends.");
        throw host::Error(host::Exit::bad_data, "the shard ends.");
      }
    };
    host::train_stage(run.model, run.recipe.seed, hooks, run.recipe.stages[0], run.data, nullptr,
                      {ranks});
  });
  EXPECT_THAT(thrown, HasSubstr("rank 0: stops, because rank 1 of 2 failed: the shard ends."));
}

}  // namespace
}  // namespace weft::test
