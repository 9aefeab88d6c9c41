// SPDX-License-Identifier: Apache-2.0
/// What nodes begin training with where the recipe names a file of weights: NODE.init.

#pragma once

#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// Compares the headers of the files with the parameters of their nodes; no tensor is read.
/// @param recipe  gets a problem for a file that cannot be read, and one for each node whose file
///                has tensors that the part does not have, or of other sizes
/// @returns notes: parameters that a file lacks, which begin as if there were none
std::vector<Problem> inspect_initial_weights(Recipe& recipe, const Wiring& wiring);

}  // namespace weft::host
