// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The parameters that a stage trains: those whose path matches a pattern of `train` and none of
/// `freeze`. A pattern is a path in which `*` stands for any characters; a node's name alone means
/// all of the node. Sets requires_grad on every parameter of the model accordingly.
/// @throws Error (bad_recipe) if a pattern matches nothing, or nothing is left to train
std::vector<NamedTensor> select_trainable(const Model& model, const StagePlan& stage);

}  // namespace weft::host
