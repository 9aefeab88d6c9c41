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

/// `weft runs list | show | remove`.
void runs(const Options& options);
/// `weft diff RUN RUN`.
void diff(const Options& options);
void doctor(const Options& options);
/// `weft help [VERB]`.
void print_help(const Options& options);
/// `weft completion SHELL`.
void print_completion(const Options& options);
/// `weft sweep RECIPE-OR-SWEEP`.
void sweep(const Options& options);
/// `weft compare RUN…`.
void compare(const Options& options);
/// The same of these run folders.
void compare_runs(const std::vector<std::string>& folders, const Options& options);
/// @param option  that names the file
/// @throws Error (cannot_create) where the file is there already and --overwrite is not given
void require_free(const std::string& path, const std::string& option, const Options& options);

/// A verb of libweft.so.
using ComputingVerb = Ending (*)(const Options&);

/// Calls a verb of libweft.so by the symbol under which it is exported.
/// @throws Error if the library or the verb is missing, and what the verb throws
void run_computing(const char* symbol, const Options& options);

/// Trains; exported as weft_run_train.
void train(const Options& options);
/// Evaluates; exported as weft_run_eval.
void evaluate_runs(const Options& options);
/// `weft report RUN`; exported as weft_run_report.
void report(const Options& options);
/// Answers; exported as weft_run_predict.
void predict(const Options& options);
/// Writes texts; exported as weft_run_generate.
void generate(const Options& options);
/// `weft tokenizer`; exported as weft_run_tokenizer.
void tokenizer(const Options& options);
/// `weft plugin check`; exported as weft_run_plugin_check.
void check_file(const Options& options);
/// `weft new recipe DATA`; exported as weft_run_new_recipe.
void new_recipe(const Options& options);
/// `weft data …`; exported as weft_run_data.
void data(const Options& options);
/// `weft plan RECIPE`; exported as weft_run_plan.
void plan(const Options& options);
/// `weft rerun RUN`; exported as weft_run_rerun.
void rerun(const Options& options);
/// `weft verify-resume RECIPE`; exported as weft_run_verify_resume.
void verify_resume(const Options& options);

}  // namespace weft::host
