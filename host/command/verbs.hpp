// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/base/error.hpp"
#include "host/command/options.hpp"

namespace weft::host {

void check(const Options& options);
void plugin(const Options& options);
void new_part(const Options& options);

/// How a verb of libweft_run.so ended.
struct VerbResult {
  Exit exit = Exit::ok;
  std::string sentence;
};
using ComputingVerb = VerbResult (*)(const Options&);

/// Trains; exported as weft_run_train.
void train(const Options& options);
/// Evaluates; exported as weft_run_eval.
void evaluate_runs(const Options& options);

}  // namespace weft::host
