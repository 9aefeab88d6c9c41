// SPDX-License-Identifier: Apache-2.0
/// A run that several processes train or evaluate.

#pragma once

#include "host/engine/comm/collective.hpp"
#include "host/session/runs.hpp"

namespace weft::host {

/// The process among others.
struct RunShare {
  Collective& ranks = one_rank();  ///< the first writes the run folder, which all of them see
  /// A launcher starts the run again: it goes on where it was begun, whatever the mode.
  bool is_restart = false;
};

/// train_recipe() on every rank.
/// @throws RankLost, and where ranks differ in recipe, plug-ins, data or versions, what
///         require_same() throws
std::optional<Result> train_together(Recipe recipe, const SessionSettings& settings,
                                     const TrainSettings& train, Observer& observer,
                                     const RunShare& share);

/// open_run() on every rank. @throws as train_together()
TrainedRun open_run_together(const std::string& folder, const SessionSettings& settings,
                             Opens opens, bool locked, Observer& observer, Collective& ranks);

/// evaluate_run() on every rank; the first keeps the record. All get the whole result.
/// @throws as train_together()
Result evaluate_run_together(const std::string& folder, const SessionSettings& settings,
                             const std::string& split, bool locked, Observer& observer, Keeps keeps,
                             Collective& ranks);

}  // namespace weft::host
