// SPDX-License-Identifier: Apache-2.0
/// What a run folder says of a run without its model: its recipe, events, costs and evaluation.

#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/base/open_folder.hpp"

namespace weft::host {

/// What a run took; nothing of what is not recorded.
struct RunCost {
  std::optional<std::int64_t> parameters;   ///< numbers that train
  std::optional<std::int64_t> peak_memory;  ///< bytes, of the largest of its processes
  std::optional<double> flops;              ///< of all steps; see planned.hpp
  std::optional<double> seconds;            ///< between first and last event of each stretch
};

RunCost cost_of(const std::vector<nlohmann::json>& events);

/// Seconds since 1970 of an event's "time"; nothing where it has none.
std::optional<std::int64_t> time_of(const nlohmann::json& event);

/// RUN/recipe.json.
/// @throws Error (no_input) where it is no run folder; (bad_data) where it is damaged
nlohmann::json kept_recipe(const OpenFolder& run);

/// The stage and step that RUN/latest names, "fit-400"; empty where none is saved.
std::string latest_of(const OpenFolder& run);

/// What is left of a recipe for runs that differ in their seed alone, as text.
std::string recipe_but_for_seed(const nlohmann::json& recipe);

}  // namespace weft::host
