// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/checkpoint/run_lock.hpp"
#include "host/evaluation/evaluate.hpp"

namespace weft::host {

struct Result {
  std::string run;  ///< the run folder
  std::string split;
  Evaluation evaluation;
  RunLock lock;  ///< what it was measured with
  struct Weights {
    std::string stage;
    std::int64_t step = 0;
    std::string xxh3;  ///< of model.safetensors
  } weights;
};

/// Prints runs side by side on standard output: a row for each metric and group, a column for each
/// run, and a line for each run with the hashes of what it was measured with; or one JSON document.
void print_results(const std::vector<Result>& results, bool json);

}  // namespace weft::host
