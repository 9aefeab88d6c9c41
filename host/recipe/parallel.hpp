// SPDX-License-Identifier: Apache-2.0
/// The section "parallel" of a recipe.

#pragma once

#include "host/recipe/recipe.hpp"

namespace weft::host {

/// What each of several processes keeps a part of only; a later one keeps less, as in ZeRO-1, 2, 3.
enum class Sharded { none, optimizer, gradients, parameters };

/// What processes that train together share beside the batch.
struct ParallelPlan {
  Sharded shard = Sharded::none;
  DType wire = DType::float32;  ///< as what gradients travel
  std::int64_t pipeline = 1;    ///< ranks that the nodes of the graph are shared by
};

ParallelPlan parallel_of(const Recipe& recipe);

}  // namespace weft::host
