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

/// @throws Error (failed) if a loss or the norm of the gradient is not a finite number. The
/// sentence
///         names what began it, found by running the step again, and the samples' keys: `It begins
///         with output "tokens" of "vision" (encoder.vit 1.0.0), for samples "k01" and "k07".`
void require_finite(const StepReport& report, const Model& model, const TakenStep& step);

}  // namespace weft::host
