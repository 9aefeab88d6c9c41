// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/command/ending.hpp"
#include "host/command/options.hpp"

namespace weft::host {

void check(const Options& options);
/// `weft explain RECIPE PATH`.
void explain(const Options& options);
/// `weft format FILE…`.
void format(const Options& options);
/// `weft migrate FILE…`.
void migrate_recipes(const Options& options);
void plugin(const Options& options);
/// `weft new KIND ID [FOLDER]`.
void new_part(const Options& options);

/// A verb of libweft.so.
using ComputingVerb = Ending (*)(const Options&);

/// Calls a verb of libweft.so by the symbol under which it is exported.
/// @throws Error if the library or the verb is missing, and what the verb throws
void run_computing(const char* symbol, const Options& options);

/// Trains; exported as weft_run_train.
void train(const Options& options);
/// Evaluates; exported as weft_run_eval.
void evaluate_runs(const Options& options);
/// Answers; exported as weft_run_predict.
void predict(const Options& options);
/// `weft tokenizer`; exported as weft_run_tokenizer.
void tokenizer(const Options& options);
/// `weft plugin check`; exported as weft_run_plugin_check.
void check_file(const Options& options);
/// `weft new recipe DATA`; exported as weft_run_new_recipe.
void new_recipe(const Options& options);
/// `weft data …`; exported as weft_run_data.
void data(const Options& options);

}  // namespace weft::host
