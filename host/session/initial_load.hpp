// SPDX-License-Identifier: Apache-2.0
/// Gives nodes the weights that the recipe says they begin with.

#pragma once

#include "host/engine/comm/collective.hpp"
#include "host/report/events.hpp"
#include "host/session/observer.hpp"
#include "host/session/session.hpp"

namespace weft::host {

/// Reads the file of each NODE.init into the live weights, of which averages begin, and writes an
/// event `initialized` with its hash.
/// @throws Error, as inspect_initial_weights() has problems; (bad_checkpoint) for a file that is
///         damaged, or is another on another rank
void load_initial_weights(Session& session, Collective& ranks, EventWriter& events,
                          Observer& observer);

}  // namespace weft::host
