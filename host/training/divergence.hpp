// SPDX-License-Identifier: Apache-2.0
/// What a stage does after a step whose loss or gradient is not finite.

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "host/base/array.hpp"
#include "host/graph/model.hpp"
#include "host/optim/stage_optimizer.hpp"
#include "host/recipe/recipe.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

class Divergence {
 public:
  /// @param progress  counts how often it happened
  Divergence(const StagePlan& stage, Model& model, optim::StageOptimizer& optimizer,
             StageProgress& progress);

  /// For rollback: weights and optimiser are as they should be after `step` steps.
  void keep(std::int64_t step);
  /// For skip and float16: a step begins. Buffers that it moves are put back where it is left out.
  void begin_step();
  /// The buffers are as they were when the step began.
  void put_back();

  /// Makes the step not have been: nothing of it is left in the model.
  /// @param cause   of not_finite() or NotFiniteWeights
  /// @param step    steps that were done before it
  /// @param moved   the step has moved weights, so that it cannot be skipped
  /// @throws Error (failed) where the stage's plan is to stop, or it happened too often
  DivergedStep leave_out(const std::string& cause, std::int64_t step, bool moved = false);

 private:
  double factor() const;

  const StagePlan& stage_;
  Model& model_;
  optim::StageOptimizer& optimizer_;
  std::int64_t& times_;
  std::int64_t kept_step_ = 0;
  std::map<std::string, Array> kept_model_, kept_optimizer_, kept_views_, buffers_;
};

}  // namespace weft::host
