// SPDX-License-Identifier: Apache-2.0
/// What several ranks cannot train together.

#pragma once

#include <vector>

#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// Stages that several ranks would not train as one does: whose batch they cannot share, in which a
/// part looks at several rows at once, or in which a loss's target is what a part computes. A loss
/// may compare rows where each rank has one micro-batch: it gets those of all.
std::vector<Problem> rank_problems(const Recipe& recipe, const Wiring& wiring, std::int64_t ranks);

}  // namespace weft::host
