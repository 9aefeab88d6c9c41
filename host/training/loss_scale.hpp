// SPDX-License-Identifier: Apache-2.0
/// Gradients in float16 vanish below 6e-8 and overflow above 65504. Losses are therefore multiplied
/// by a scale before the backward pass, which is as large as gradients allow (Micikevicius et al.,
/// "Mixed precision training", 2018).

#pragma once

#include <cstdint>

#include "host/checkpoint/checkpoint.hpp"
#include "host/recipe/recipe.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

/// Whether a scale above 1 has made gradients overflow: the losses are finite numbers and the norm
/// of the gradient is none. At a scale of 1 the step has diverged.
bool overflows(const StepReport& report, double scale);

class LossScale {
 public:
  /// @param progress  keeps it; one that has no scale yet gets the stage's first
  LossScale(const StagePlan& stage, StageProgress& progress);

  /// Whether the stage computes in float16.
  bool is_on() const { return is_on_; }
  /// 1 where it is off.
  double value() const { return is_on_ ? progress_.loss_scale : 1.0; }

  /// A step was taken.
  void grow();
  /// The step overflowed and was left out.
  /// @param step  its number, from 1
  OverflowedStep shrink(std::int64_t step);

 private:
  const StagePlan& stage_;
  StageProgress& progress_;
  const bool is_on_;
};

}  // namespace weft::host
