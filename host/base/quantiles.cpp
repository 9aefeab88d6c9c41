// SPDX-License-Identifier: Apache-2.0
#include "host/base/quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace weft::host {
namespace {

constexpr double k_below = 0.025;  // the share of values on either side

double quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - std::floor(place)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::pair<double, double> interval_95(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  std::ranges::sort(values);
  return {quantile(values, k_below), quantile(values, 1 - k_below)};
}

}  // namespace weft::host
