// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "host/recipe/recipe.hpp"

namespace weft::host {

/// Learning rate of step `step` (0-based) of a stage: linear from lr / warmup to lr over the first
/// `warmup` steps, then half a cosine down to final · lr at the last step (Loshchilov and Hutter
/// 2017).
double learning_rate(const StagePlan& stage, std::int64_t step);

}  // namespace weft::host
