// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "host/checkpoint/checkpoint.hpp"
#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The parameters that a stage trains in a step of it, from 0, as is_trained_at() says. Sets
/// requires_grad on every parameter of the model accordingly, and keeps the buffers that is_moved()
/// says it does not move.
std::vector<NamedTensor> select_trainable(Model& model, const StagePlan& stage,
                                          std::int64_t step = 0);

/// Whether another choice begins with this step.
bool selection_changes(const StagePlan& stage, std::int64_t step);

/// Which parameters and buffers a stage changes, by path.
Weights::Predicate changed_by(const Model& model, const StagePlan& stage);

/// Gives views the weights that they have when the stage begins, or where it was interrupted.
void begin_views(Model& model, const StagePlan& stage, const Checkpoint* resume);

}  // namespace weft::host
