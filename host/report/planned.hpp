// SPDX-License-Identifier: Apache-2.0
/// What a run said at its beginning of what it would cost, against what it took.

#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/report/run_summary.hpp"

namespace weft::host {

/// The newest event `plan` of a stage, and its steps.
struct PlannedStage {
  std::string stage;
  std::int64_t steps = 0;  ///< that it was to take
  std::int64_t parameters = 0, trainable = 0;
  double flops = 0;                      ///< of a step
  std::optional<double> seconds;         ///< of a step
  std::map<std::string, double> memory;  ///< bytes by kind
  std::map<std::string, std::map<std::string, double>>
      parts;                    ///< by node; see docs/formats/events.md
  double waited = 0, rest = 0;  ///< seconds of the step that was looked at, outside of all parts
  std::int64_t taken = 0;       ///< the last step that was logged
  std::optional<double> took;   ///< seconds of a step: the median of the logged ones
};

/// In the order of the events; only stages with such an event.
std::vector<PlannedStage> planned_stages(const std::vector<nlohmann::json>& events);

/// FLOPs of all steps that were logged; nothing where a stage with steps has no such event.
std::optional<double> flops_of(const std::vector<nlohmann::json>& events);

/// Tables of forecast, fact and their ratio; empty without such an event.
std::string forecast_html(const std::vector<nlohmann::json>& events, const RunCost& cost);

/// Tables of time and memory by part of a step; likewise.
std::string parts_html(const std::vector<nlohmann::json>& events);

}  // namespace weft::host
