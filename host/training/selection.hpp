// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The parameters that a stage trains, as is_trained() says. Sets requires_grad on every parameter
/// of the model accordingly, and keeps the buffers that is_moved() says it does not move.
std::vector<NamedTensor> select_trainable(Model& model, const StagePlan& stage);

}  // namespace weft::host
