// SPDX-License-Identifier: Apache-2.0
/// Numbers that change with the step of a stage. Steps are counted from 0.

#pragma once

#include <cstdint>

#include "host/recipe/recipe.hpp"

namespace weft::host::optim {

/// The schedule's number at a step. With s the part of the way from `first` to `last` that is done,
/// between 0 and 1: from + s (to − from), or with a cosine to + (from − to)(1 + cos πs) / 2.
double value_at(const Schedule& schedule, std::int64_t step);

/// The learning rate of a step of a stage with `steps` steps. In the `warmup` steps it rises
/// linearly from peak / warmup to the peak. Then, with low = min_ratio · peak and s the part of the
/// steps from the end of the warm-up to the stage's last one that is done:
///
///   constant      peak
///   linear        low + (peak − low)(1 − s)
///   cosine        low + (peak − low)(1 + cos πs) / 2    (Loshchilov and Hutter 2017)
///   wsd           peak, and in the last `decay` steps linearly down to low at the last one
///                 (Hu et al., "MiniCPM", 2024)
///   inverse_sqrt  max(low, peak √(w / (step + 1))) with w = max(1, warmup)  (Vaswani et al. 2017)
double learning_rate(const SchedulePlan& schedule, double peak, std::int64_t steps,
                     std::int64_t step);

}  // namespace weft::host::optim
