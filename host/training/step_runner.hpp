// SPDX-License-Identifier: Apache-2.0
/// The gradients of one step of a stage.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"
#include "host/graph/model.hpp"
#include "host/training/objective.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

class StepRunner {
 public:
  StepRunner(Model& model, const StagePlan& stage, std::uint64_t seed);

  /// Leaves clipped gradients in the parameters that learn in this step.
  /// @param step    of the stage, from 0
  /// @param report  gets losses, weights and the gradient's norm
  /// @return empty, or not_finite() of the step
  std::string run(const Batch& batch, std::int64_t step, StepReport& report);

  void clear_gradients();

 private:
  void select(std::int64_t step);

  Model& model_;
  const StagePlan& stage_;
  const std::uint64_t seed_;
  const Objective objective_;
  std::vector<NamedTensor> trained_;
  std::vector<Tensor> tensors_;  // of trained_
  std::int64_t next_ = -1;       // the step that the choice holds for, if it does not change
};

}  // namespace weft::host
