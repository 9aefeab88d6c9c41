// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/command/options.hpp"

namespace weft::host {

/// Prints what `weft compare` prints, of these run folders.
void compare_runs(const std::vector<std::string>& folders, const Options& options);

}  // namespace weft::host
