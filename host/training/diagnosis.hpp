// SPDX-License-Identifier: Apache-2.0
/// Where a step went wrong: it is run again, node by node, and every number is looked at.

#pragma once

#include <string>
#include <vector>

#include "host/training/objective.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

/// A step that was just taken, its weights not yet moved.
struct TakenStep {
  const Objective& objective;
  const std::vector<TensorMap>& micro;
  const std::vector<std::string>& keys;  ///< of the samples, one micro-batch behind the other
  const CallOptions& options;
  const std::vector<NamedTensor>& trained;
};

/// Empty where the losses and the norm of the gradient are finite numbers. Else sentences that name
/// the first that is not and what began it, found by running the step again, with the samples'
/// keys: `loss "ce" is nan, not a finite number. It begins with output "tokens" of "vision"
/// (encoder.vit 1.0.0), for samples "k01" and "k07".` Gradients are not in place afterwards.
/// @param ranks  each searches its own micro-batches; the first that finds something tells it
std::string not_finite(const StepReport& report, const Model& model, const TakenStep& step,
                       Collective& ranks = one_rank());

}  // namespace weft::host
