// SPDX-License-Identifier: Apache-2.0
#include "host/base/error.hpp"
#include "host/command/console.hpp"
#include "host/command/process.hpp"
#include "host/command/results.hpp"
#include "host/command/verbs.hpp"
#include "host/session/runs.hpp"

namespace weft::host {

void train(const Options& options) {
  if (options.resume && options.overwrite)
    throw Error(Exit::usage, "--resume goes on with a run and --overwrite replaces it: give one.");
  Console console(options);
  const RunFolder::Mode mode = options.resume      ? RunFolder::Mode::resume
                               : options.overwrite ? RunFolder::Mode::overwrite
                                                   : RunFolder::Mode::create;
  const std::optional<Result> result = train_run(options.operands[0], session_settings(options),
                                                 {options.run, mode, &stop_requested()}, console);
  if (result) print_results({*result}, options.json);
}

}  // namespace weft::host
