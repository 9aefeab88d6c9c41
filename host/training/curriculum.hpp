// SPDX-License-Identifier: Apache-2.0
/// How difficult the examples of a stage are.

#pragma once

#include <memory>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/easy_first.hpp"
#include "host/engine/comm/collective.hpp"
#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The order in which the stage draws its examples; null where it has no curriculum. Views have
/// their weights. All ranks get the same.
/// @param stage  with as many micro-batches as its ranks make of it
/// @param kept   what the stage's checkpoints keep of it: filled where the model says how difficult
///               examples are, since later it would say something else, and read where it is filled
/// @throws Error (bad_recipe) where the data cannot be ordered; (bad_data) where an example has no
///         number
std::shared_ptr<const EasyFirst> make_curriculum(const Model& model, const StagePlan& stage,
                                                 const Dataset& data, Collective& ranks,
                                                 std::map<std::string, Array>& kept);

}  // namespace weft::host
