// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "host/report/chart.hpp"

namespace weft::host {

/// What a run logged, over its steps counted through all stages. A step that was trained again
/// after a checkpoint counts as it was the last time.
struct RunCurves {
  std::map<std::string, std::vector<ChartPoint>> losses;  ///< by name; "total" is what is minimised
  std::map<std::string, std::vector<ChartPoint>> measured;  ///< by metric, with intervals if any
  std::vector<ChartPoint> learning_rate, gradient_norm, seconds, waited;
  std::vector<std::pair<double, std::string>> stages;  ///< where each begins
  std::int64_t steps = 0;                              ///< logged at last
};

RunCurves curves_of(const std::vector<nlohmann::json>& events);

}  // namespace weft::host
