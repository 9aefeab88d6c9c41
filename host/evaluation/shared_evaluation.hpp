// SPDX-License-Identifier: Apache-2.0
/// An evaluation that several ranks share.

#pragma once

#include "host/engine/comm/collective.hpp"
#include "host/evaluation/evaluate.hpp"

namespace weft::host {

/// evaluate(), where ranks take turns, a batch each (shared_batches.hpp), and merge the states of
/// their batches in the order of the data: all get what one rank gets, to the bit.
Evaluation evaluate_together(const Model& model, const Dataset& data,
                             const EvaluationRequest& request, Collective& ranks);

}  // namespace weft::host
