// SPDX-License-Identifier: Apache-2.0
/// How the processes of a launch find each other.

#pragma once

#include <string>

#include "host/distribution/world.hpp"
#include "host/engine/comm/c10d.hpp"

namespace weft::host {

/// Where the ranks meet. Rank 0 listens, unless its launcher does. Where nobody says an address it
/// says one itself, in a file that all ranks see and that the others wait for.
/// @param file  "runs/name.meeting", beside the run
/// @throws Error (io, usage)
Meeting meeting_of(const World& world, const std::string& file);

}  // namespace weft::host
