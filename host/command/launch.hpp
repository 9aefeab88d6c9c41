// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/command/ending.hpp"

namespace weft::host {

/// Whether several processes can do a verb together.
bool is_launched(const std::string& verb);

/// `weft launch --nproc N [--restarts R] train RECIPE…`: starts the ranks of this machine, sends
/// them the signals that it gets, and starts all again when one is lost.
/// @param arguments  all behind "launch"
/// @return what the processes ended with
/// @throws Error (usage)
Ending launch(const std::vector<std::string>& arguments);

}  // namespace weft::host
