// SPDX-License-Identifier: Apache-2.0
/// The gradients of one step of a stage.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"
#include "host/graph/model.hpp"
#include "host/graph/step_states.hpp"
#include "host/training/modulation.hpp"
#include "host/training/objective.hpp"
#include "host/training/pipelined_objective.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

class StepRunner {
 public:
  /// @param owners   as Objective
  /// @param rank_of  which rank computes which node; empty: each all of them
  StepRunner(Model& model, const StagePlan& stage, std::uint64_t seed,
             Collective& ranks = one_rank(), const std::map<std::string, int>& owners = {},
             const NodeRanks& rank_of = {});

  /// Leaves clipped gradients in the parameters that learn in this step, on all ranks or on their
  /// owners'.
  /// @param batch   this rank's rows of the step's batch
  /// @param step    of the stage, from 0
  /// @param report  gets losses, weights and the gradient's norm
  /// @param scale   multiplies losses before the backward pass and divides gradients after it,
  ///                before they are looked at
  /// @return empty, or not_finite() of the step, but where it overflows()
  std::string run(const Batch& batch, std::int64_t step, StepReport& report, double scale = 1.0);

  /// The optimiser has moved the weights: parts make new buffers of what they accumulated.
  void end_step() { states_.step(model_); }

  void clear_gradients();

 private:
  void select(std::int64_t step);
  double clip();

  Model& model_;
  const StagePlan& stage_;
  const std::uint64_t seed_;
  Collective& ranks_;
  const std::map<std::string, int> owners_;
  const Objective objective_;
  std::optional<PipelinedObjective> pipelined_;
  Modulation modulation_;
  StepStates states_;
  std::set<std::size_t> again_;  // nodes that are recomputed
  std::vector<NamedTensor> trained_;
  std::vector<Tensor> tensors_;  // of trained_
  std::int64_t next_ = -1;       // the step that the choice holds for, if it does not change
};

}  // namespace weft::host
