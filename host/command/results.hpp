// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host/evaluation/evaluate.hpp"

namespace weft::host {

struct Result {
  std::string run;  ///< the run folder
  std::string split;
  Evaluation evaluation;
};

/// Prints runs side by side on standard output: a row for each metric and group, a column for each
/// run; or one JSON document.
void print_results(const std::vector<Result>& results, bool json);

}  // namespace weft::host
