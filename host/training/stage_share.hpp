// SPDX-License-Identifier: Apache-2.0
/// Who of the ranks does what of a stage.

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "host/data/loading/stream.hpp"
#include "host/optim/sharing.hpp"
#include "host/optim/stage_optimizer.hpp"
#include "host/training/pipelined_objective.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

struct StageShare {
  StagePlan plan;     ///< with so many micro-batches that each rank has as many
  Sharing sharing;    ///< of a pipeline, with the owners of its weights
  NodeRanks rank_of;  ///< of a pipeline

  bool shards(Sharded what) const { return sharing.shards(what); }
  /// Whether each rank saves what it owns; else the first saves all.
  bool saves_pieces() const { return !sharing.is_pipeline && shards(Sharded::optimizer); }
  /// What this rank saves: weights and the optimizer's state, of which it may be a piece.
  Checkpoint saved_state(const Model& model, const optim::StageOptimizer& optimizer) const;
  /// Path → rank, where each rank has a part of the gradients only; else empty.
  optim::Owners gradient_owners(const optim::StageOptimizer& optimizer) const {
    return shards(Sharded::gradients) ? optimizer.owners() : optim::Owners{};
  }
  std::int64_t batch_size() const { return plan.batch_size / sharing.parts(); }
  /// Those that read different rows of a step.
  Collective& readers() const { return sharing.is_pipeline ? one_rank() : sharing.ranks; }
  /// Which rows of a step this rank reads.
  Rank part() const {
    return sharing.is_pipeline ? Rank{} : Rank{sharing.ranks.rank(), sharing.ranks.size()};
  }
};

/// For a pipeline the first rank measures the nodes on the stage's first micro-batch; all then cut
/// the graph alike.
/// @param note  is told how, on the first rank; may be empty
StageShare share_stage(const Model& model, std::uint64_t seed,
                       const std::function<void(const std::string&)>& note, const StagePlan& stage,
                       const Dataset& data, const Sharing& sharing);

}  // namespace weft::host
