// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/checkpoint/run_folder.hpp"
#include "host/recipe/recipe.hpp"
#include "host/session/observer.hpp"

namespace weft::host {

/// The run folder where none is named: runs/NAME of the recipe. Where that holds a run and another
/// is created, runs/NAME-20261128-0741-3fa9c1: the date and time (UTC) and the first digits of the
/// resolved recipe's hash; the observer is told. To resume or overwrite, of these the one that was
/// written last.
std::string chosen_folder(const Recipe& recipe, RunFolder::Mode mode, Observer& observer);

}  // namespace weft::host
