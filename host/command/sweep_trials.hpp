// SPDX-License-Identifier: Apache-2.0
/// The trials of a sweep on disk: SWEEP/NAME, a run folder; SWEEP/logs/NAME.txt, what it printed;
/// SWEEP/trials/NAME.json, how it ended and with what; SWEEP/recipes/NAME.json where it merges
/// fragments.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/command/options.hpp"
#include "host/command/sweep_plan.hpp"
#include "host/registry/registry.hpp"

namespace weft::host {

/// What a trial is trained with: what may not change under a trial that is done or under way.
struct TrialLock {
  std::string host;                           ///< version
  std::string recipe;                         ///< fingerprint of all that the recipe says
  std::map<std::string, std::string> parts;   ///< node → id, version and SHA-256 of its plug-in
  std::map<std::string, std::string> shards;  ///< file → size and time of its last change

  bool operator==(const TrialLock&) const = default;
};

struct TrialState {
  Trial trial;
  std::string folder;  ///< its run's
  std::string recipe;  ///< file to train
  TrialLock lock;      ///< of now
  /// "new", "done", "failed", "interrupted", or "stopped at STAGE-STEP"
  std::string status = "new";
  int exit = 0;
  std::string message;                   ///< the last line of a trial that failed
  double seconds = 0;                    ///< of all its processes
  std::map<std::string, double> values;  ///< of the evaluation of one that is done

  bool is_done() const { return status == "done"; }
};

/// Looks at every trial's recipe as `weft check` does and at what is known of it from before.
/// Writes the recipes of fragments; nothing else is changed.
/// @throws Error (bad_recipe) with what is wrong, trial by trial; (cannot_create) where a trial was
///         begun with something else and --overwrite is not given, naming what
std::vector<TrialState> open_trials(const SweepPlan& plan, const Options& options);

/// Writes SWEEP/trials/NAME.json.
void save_trial(const SweepPlan& plan, const TrialState& state);

/// The value of a metric when the stage first measured it at a step or later; NaN where it has not.
double measured_at(const std::string& run, const std::string& stage, std::int64_t step,
                   const std::string& metric);

/// What a run's last evaluation said.
std::map<std::string, double> evaluated(const std::string& run);

}  // namespace weft::host
