// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace weft::host {

/// From now on what this process writes to std::cerr is also appended to the file, whole lines,
/// each with its time (UTC). Of a line that is written over, as progress on a terminal is, the last
/// state counts. What signal handlers write is not in it.
/// @throws Error (cannot_create) if the file cannot be opened
void log_to(const std::string& file);

}  // namespace weft::host
