// SPDX-License-Identifier: Apache-2.0
/// Trials as processes of their own, several at a time.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weft::host {

struct TrialEnd {
  int exit = 0;  ///< the exit code; 128 and the signal's number where one ended it
  double seconds = 0;
};

/// One process to run: `weft` with these arguments, its output in a file.
struct TrialCommand {
  std::vector<std::string> arguments;
  std::string log;          ///< standard output and error; replaced
  std::string errors = {};  ///< a file of its own for standard error
};

/// Runs all commands, at most `jobs` at a time, in their order; each leads a process group, so that
/// an interruption of the terminal reaches it once, through here. When stop_requested() holds, no
/// more are begun and those that run are asked to save and end.
/// @param ended  is told of each by its index
/// @throws Error (io) where the program cannot be started
void run_trials(const std::vector<TrialCommand>& commands, int jobs,
                const std::function<void(std::size_t index, const TrialEnd&)>& ended);

}  // namespace weft::host
