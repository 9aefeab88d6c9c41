// SPDX-License-Identifier: Apache-2.0
/// Whether training does the same again: a run repeated, and a run stopped and resumed.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/session/runs.hpp"

namespace weft::host {

/// A number of two runs.
struct ComparedNumber {
  std::string name;  ///< "fit step 10: total", "accuracy (test)"
  double before = 0.0, now = 0.0;
};

struct Repeated {
  std::string before, now;  ///< run folders
  SavedWeights weights_before, weights_now;
  std::int64_t compared = 0;              ///< losses and metrics
  std::vector<ComparedNumber> different;  ///< of them
  std::vector<std::string> missing;       ///< what only one of the runs has

  bool is_equal() const;
};

/// Trains the run's recipe again, with its tokenizers and as many threads, into another folder.
/// @param folder  the new run's; empty: RUN-again
/// @throws Error (no_input) where the run holds no checkpoint or its weft.lock is missing;
///         (bad_checkpoint) where data or tokenizers are others than weft.lock says
Repeated repeat_run(const std::string& run, const SessionSettings& settings,
                    const TrainSettings& train, Observer& observer);

/// One saved state of a run that was not stopped, and of one that was.
struct ChainLink {
  std::string stage;
  std::int64_t step = 0;
  std::string straight, resumed;  ///< XXH3-128 over the link before and the checkpoint's state.json
  bool is_stop = false;           ///< the second run was stopped there
};

/// Trains twice in temporary folders: without a stop, and stopped at every saved step, each time
/// opened anew from its files. Every stage is cut to `steps` steps; 0: not cut.
/// @return the links of both; training is resumable to the bit where all are equal
std::vector<ChainLink> verify_resume(const std::string& recipe, const SessionSettings& settings,
                                     std::int64_t steps, Observer& observer);

}  // namespace weft::host
