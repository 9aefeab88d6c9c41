// SPDX-License-Identifier: Apache-2.0
/// A small stage that several ranks train.

#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/recipe/parallel.hpp"
#include "host/training/stage_run.hpp"
#include "tests/host/training/small_run.hpp"
#include "tests/support/ranks.hpp"

namespace weft::test {

using Overrides = std::vector<std::string>;

inline bool same_bits(const State& a, const State& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [path, array] : a)
    if (!b.contains(path) || array.byte_count() != b.at(path).byte_count() ||
        std::memcmp(array.bytes.get(), b.at(path).bytes.get(), array.byte_count()) != 0)
      return false;
  return true;
}

/// What a stage ends with, and what it told.
struct Trained {
  State weights, optimizer;
  std::vector<std::map<std::string, double>> losses;  ///< by step
  std::vector<double> norms;
};

inline bool same(const Trained& a, const Trained& b) {
  return same_bits(a.weights, b.weights) && same_bits(a.optimizer, b.optimizer) &&
         a.losses == b.losses && a.norms == b.norms;
}

inline host::Sharing sharing_of(const host::Recipe& recipe, host::Collective& ranks) {
  const host::ParallelPlan parallel = host::parallel_of(recipe);
  return {ranks, parallel.shard, parallel.wire, parallel.pipeline > 1 && ranks.size() > 1};
}

/// What ranks saved at once: the whole, or pieces that together are the whole.
inline host::Checkpoint whole_of(std::vector<host::Checkpoint> pieces) {
  host::Checkpoint whole = pieces[0];
  for (std::size_t rank = 0; rank < pieces.size(); ++rank) {
    EXPECT_EQ(pieces[rank].pieces, whole.pieces);
    if (whole.pieces == 1) {
      EXPECT_TRUE(same_bits(pieces[rank].model, whole.model));
      EXPECT_TRUE(same_bits(pieces[rank].optimizer, whole.optimizer));
      continue;
    }
    EXPECT_EQ(pieces[rank].piece, static_cast<int>(rank));
    if (rank == 0) continue;
    whole.model.merge(pieces[rank].model);
    whole.optimizer.merge(pieces[rank].optimizer);
    EXPECT_TRUE(pieces[rank].model.empty() && pieces[rank].optimizer.empty()) << "saved twice";
  }
  whole.pieces = 1;
  return whole;
}

/// Trains a stage on so many ranks; all of them must end with the same.
/// @param saved  gets what was saved first
inline Trained trained_on(int count, const Overrides& overrides,
                          const std::string& text = small_recipe(),
                          const host::Checkpoint* resume = nullptr,
                          std::optional<host::Checkpoint>* saved = nullptr) {
  std::vector<Trained> all(static_cast<std::size_t>(count));
  std::vector<std::vector<host::Checkpoint>> saves(all.size());
  const auto train = [&](host::Collective& ranks) {
    SmallRun run(overrides, host::DType::float32, text);
    if (resume != nullptr) run.model.load(resume->model);
    const host::StagePlan& stage = run.recipe.stages[0];
    const host::Sharing sharing = sharing_of(run.recipe, ranks);
    Trained& here = all[static_cast<std::size_t>(ranks.rank())];
    host::TrainerHooks hooks;
    hooks.step = [&](const host::StepReport& report) {
      here.losses.push_back(report.losses);
      here.norms.push_back(report.gradient_norm);
    };
    hooks.save = [&](const host::Checkpoint& checkpoint) {
      saves[static_cast<std::size_t>(ranks.rank())].push_back(checkpoint);
    };
    host::train_stage(run.model, run.recipe.seed, hooks, stage, run.data, resume, sharing);
  };
  EXPECT_EQ(on_ranks(count, train), "");
  for (const Trained& one : all) EXPECT_TRUE(same(one, all[0]));
  const auto saved_as = [&](std::size_t number) {
    std::vector<host::Checkpoint> pieces;
    for (const auto& of_rank : saves) pieces.push_back(of_rank.at(number));
    return whole_of(std::move(pieces));
  };
  const host::Checkpoint last = saved_as(saves[0].size() - 1);
  all[0].weights = last.model;
  all[0].optimizer = last.optimizer;
  if (saved != nullptr) *saved = saved_as(0);
  return all[0];
}

inline const Overrides k_four{"stages.fit.batch_size=24", "stages.fit.grad_accumulation=4",
                              "stages.fit.clip_norm=0.5", "graph.vision.config.dropout=0.1",
                              "stages.fit.steps=3"};

}  // namespace weft::test
