// SPDX-License-Identifier: Apache-2.0
/// What libweft.so exports to the program `weft`.

#include <functional>

#include "host/command/verbs.hpp"

namespace weft::host {
namespace {

Ending guarded(void (*verb)(const Options&), const Options& options) {
  try {
    verb(options);
    return {};
  } catch (...) {
    return current_ending();
  }
}

}  // namespace
}  // namespace weft::host

#define WEFT_EXPORTED extern "C" __attribute__((visibility("default")))

WEFT_EXPORTED weft::host::Ending weft_run_train(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::train, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_eval(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::evaluate_runs, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_predict(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::predict, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_generate(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::generate, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_report(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::report, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_plugin_check(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::check_file, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_data(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::data, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_new_recipe(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::new_recipe, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_tokenizer(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::tokenizer, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_plan(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::plan, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_rerun(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::rerun, options);
}

WEFT_EXPORTED weft::host::Ending weft_run_verify_resume(const weft::host::Options& options) {
  return weft::host::guarded(weft::host::verify_resume, options);
}
