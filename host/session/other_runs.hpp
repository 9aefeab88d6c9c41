// SPDX-License-Identifier: Apache-2.0
/// The weights that views have of other runs.

#pragma once

#include "host/session/observer.hpp"
#include "host/session/session.hpp"

namespace weft::host {

/// Reads them from the runs' newest checkpoints, and notes their hashes in Session::runs.
/// @throws Error (no_input) for a run without a checkpoint; (bad_checkpoint) for one whose parts
///         or tokenizers are not those that the recipe has now
void load_other_runs(Session& session, Observer& observer);

/// Removes views whose runs are gone and that the evaluation of a trained run does not need, as a
/// teacher is not. What reads them lacks an input then and is not computed.
void set_missing_runs_aside(Recipe& recipe);

}  // namespace weft::host
