// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "host/session/result.hpp"

namespace weft::host {

/// Prints runs side by side on standard output: a row for each metric and group, a column for each
/// run, and a line for each run with the hashes of what it was measured with; or one JSON document.
void print_results(const std::vector<Result>& results, bool json);

}  // namespace weft::host
