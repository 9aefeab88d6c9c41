// SPDX-License-Identifier: Apache-2.0
/// What a run's folder says of the run, read without parts, data or tensors.

#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "host/base/open_folder.hpp"

namespace weft::host {

struct RunRecord {
  std::string folder;
  std::string name;    ///< of the recipe
  std::string recipe;  ///< the file that it was read from
  /// "running" in some process now, "done", "failed", "stopped" before its end, or "begun" where
  /// nothing was trained yet.
  std::string state;
  std::string message;                    ///< why it failed
  std::int64_t steps = 0, of = 0;         ///< done, and in all stages
  std::string stage;                      ///< of the last step
  std::string begun, ended;               ///< times of the first and the last event, as they stand
  std::map<std::string, double> losses;   ///< of the last step that was logged
  std::map<std::string, double> metrics;  ///< of the last evaluation
  std::string split;                      ///< which that was on
  /// What the last stage was kept by, "accuracy": its best value; empty where it kept the last.
  std::string best_metric;
  double best_value = 0.0;
  std::string recipe_text, lock_text;  ///< recipe.json and weft.lock; the second may be empty
};

/// The events of RUN/events.jsonl in their order; what is no event is passed over.
std::vector<nlohmann::json> events_of(const OpenFolder& run);

/// @throws Error (no_input) if it holds no recipe.json
void require_run(const OpenFolder& run);

/// @throws Error (no_input) if the folder holds no run; (bad_checkpoint) if its recipe.json is
///         damaged
RunRecord read_record(const std::string& folder);

/// The folders in `folder`, and in those of its folders that are no runs, that hold runs.
/// @throws Error (no_input) if there is no such folder
std::vector<std::string> runs_in(const std::string& folder);

/// Removes what a run has written in its folder, and the folder where nothing else is in it.
/// @return whether the folder is gone
/// @throws Error (no_input) if it holds no run; (cannot_create) if a process trains it now
bool remove_run(const std::string& folder);

}  // namespace weft::host
