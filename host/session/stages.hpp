// SPDX-License-Identifier: Apache-2.0
/// The stages of a run, one after the other, saved and told of as they go.

#pragma once

#include <atomic>

#include "host/base/open_folder.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/optim/sharing.hpp"
#include "host/report/events.hpp"
#include "host/session/result.hpp"
#include "host/session/session.hpp"
#include "host/session/set_aside.hpp"

namespace weft::host {

struct StagesRun {
  Session& session;
  const OpenFolder& folder;
  EventWriter& events;
  Observer& observer;
  SetAsideReport& set_aside;
  const std::atomic<bool>* stop;  ///< set: save and throw Error (interrupted); or null
  Sharing sharing = {};           ///< the first rank writes
};

/// bring_up_to_date(), telling the observer what was migrated.
void migrate_aloud(Checkpoint& checkpoint, const std::string& run, const Session& session,
                   Observer& observer);

/// Trains the stages that are left after `resume`; all where that is null.
/// @return which checkpoint holds the weights of the end
/// @throws Error what training throws, and whether there is a checkpoint to go on from
SavedWeights train_stages(const StagesRun& run, const Checkpoint* resume);

}  // namespace weft::host
