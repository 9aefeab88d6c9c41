// SPDX-License-Identifier: Apache-2.0
#include "host/training/loss_scale.hpp"

#include <algorithm>
#include <cmath>

namespace weft::host {

bool overflows(const StepReport& report, double scale) {
  return scale > 1.0 && !std::isfinite(report.gradient_norm) &&
         std::ranges::all_of(report.losses,
                             [](const auto& loss) { return std::isfinite(loss.second); });
}

LossScale::LossScale(const StagePlan& stage, StageProgress& progress)
    : stage_(stage), progress_(progress), is_on_(stage.precision == DType::float16) {
  if (is_on_ && !(progress_.loss_scale >= 1.0)) progress_.loss_scale = stage.loss_scale.initial;
}

void LossScale::grow() {
  if (!is_on_) return;
  ++progress_.good_steps;
  const std::int64_t interval = stage_.loss_scale.growth_interval;
  if (interval == 0 || progress_.good_steps < interval) return;
  progress_.loss_scale *= 2.0;
  progress_.good_steps = 0;
}

OverflowedStep LossScale::shrink(std::int64_t step) {
  progress_.loss_scale = std::max(progress_.loss_scale / 2.0, 1.0);
  progress_.good_steps = 0;
  ++progress_.overflows;
  return {stage_.name, step, progress_.loss_scale, progress_.overflows};
}

}  // namespace weft::host
