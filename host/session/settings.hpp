// SPDX-License-Identifier: Apache-2.0
/// What --resume may change of a run's settings.

#pragma once

#include <string>
#include <vector>

#include "host/checkpoint/checkpoint.hpp"
#include "host/recipe/difference.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// Compares the settings of a run with those that it is to go on with from a checkpoint. Refused
/// are other parts and wires of the model, anything of a stage that is done or of a loss that it
/// minimised, and of the stage under way what it trains and on which data. docs/recipes.md lists
/// what may change.
/// @param run  the run's folder, for the sentence
/// @throws Error (bad_checkpoint) that lists what cannot change
/// @return what has changed
std::vector<Difference> changed_settings(const std::string& run, const Recipe& before,
                                         const Recipe& now, const Checkpoint& checkpoint);

}  // namespace weft::host
