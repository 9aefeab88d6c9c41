// SPDX-License-Identifier: Apache-2.0
#include "host/optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace weft::host::optim {
namespace {

/// 1 at the beginning of the way, 0 at its end.
double half_cosine(double done) {
  return 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

double part(std::int64_t done, std::int64_t span) {
  return std::min(1.0,
                  static_cast<double>(done) / static_cast<double>(std::max<std::int64_t>(span, 1)));
}

}  // namespace

double value_at(const Schedule& schedule, std::int64_t step) {
  if (step <= schedule.first && schedule.first < schedule.last) return schedule.from;
  if (step >= schedule.last) return schedule.to;
  const double done = part(step - schedule.first, schedule.last - schedule.first);
  const double left = schedule.is_cosine ? half_cosine(done) : 1.0 - done;
  return schedule.to + (schedule.from - schedule.to) * left;
}

double learning_rate(const SchedulePlan& schedule, double peak, std::int64_t steps,
                     std::int64_t step) {
  using Shape = SchedulePlan::Shape;
  const std::int64_t warmup = schedule.warmup;
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double low = schedule.min_ratio * peak;
  const double done = part(step - warmup, steps - 1 - warmup);
  switch (schedule.shape) {
    case Shape::constant: return peak;
    case Shape::linear: return low + (peak - low) * (1.0 - done);
    case Shape::wsd: {
      const std::int64_t falling = step - (steps - 1 - schedule.decay);
      return falling <= 0 ? peak : low + (peak - low) * (1.0 - part(falling, schedule.decay));
    }
    case Shape::inverse_sqrt: {
      const auto first = static_cast<double>(std::max<std::int64_t>(warmup, 1));
      return std::max(low, peak * std::sqrt(first / static_cast<double>(step + 1)));
    }
    case Shape::cosine: break;
  }
  return low + (peak - low) * half_cosine(done);
}

}  // namespace weft::host::optim
