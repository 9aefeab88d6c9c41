// SPDX-License-Identifier: Apache-2.0
#include "host/command/console.hpp"
#include "host/command/results.hpp"
#include "host/command/verbs.hpp"
#include "host/session/runs.hpp"

namespace weft::host {

void evaluate_runs(const Options& options) {
  Console console(options);
  std::vector<Result> results;
  for (const std::string& folder : options.operands)
    results.push_back(
        evaluate_run(folder, session_settings(options), options.split, options.locked, console));
  print_results(results, options.json);
}

}  // namespace weft::host
