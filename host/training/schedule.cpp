// SPDX-License-Identifier: Apache-2.0
#include "host/training/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace weft::host {

double learning_rate(const StagePlan& stage, std::int64_t step) {
  const double peak = stage.optimizer.lr;
  if (step < stage.schedule.warmup)
    return peak * static_cast<double>(step + 1) / static_cast<double>(stage.schedule.warmup);
  const double span =
      static_cast<double>(std::max<std::int64_t>(stage.steps - 1 - stage.schedule.warmup, 1));
  const double done = std::min(1.0, static_cast<double>(step - stage.schedule.warmup) / span);
  const double low = stage.schedule.min_ratio * peak;
  return low + (peak - low) * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

}  // namespace weft::host
