// SPDX-License-Identifier: Apache-2.0
/// The way into plug-in code: a failed status or a leaked exception becomes a reason in words.

#pragma once

#include <exception>
#include <string>

#include "host/base/text.hpp"
#include "host/registry/core_api.hpp"
#include "host/registry/open_calls.hpp"
#include "host/registry/process_guard.hpp"

namespace weft::host {

/// How a call into a plug-in went.
struct Outcome {
  weft_status status = WEFT_OK;
  std::string reason;  ///< empty unless it failed
};

/// The plug-in's own words if it left any, else what the status means.
std::string failure_reason(weft_status status);

/// Runs `work`, which calls plug-in code and returns a weft_status. An exception must not cross the
/// border, but where the plug-in shares our C++ runtime it can still be caught; elsewhere the
/// process ends.
template <class Work>
Outcome attempt(const Entry& entry, Work&& work) {
  const EntryScope scope(thread_entry(), entry);
  const ProcessState before;
  take_error();  // what an earlier call left behind is not this call's reason
  try {
    const weft_status status = work();
    if (const std::string changed = before.restore(); !changed.empty())
      return {WEFT_INTERNAL, concat("it ", changed, ", which belong to the host")};
    return status == WEFT_OK ? Outcome{} : Outcome{status, failure_reason(status)};
  } catch (const std::exception& exception) {
    return {WEFT_INTERNAL,
            std::string("an exception crossed the plug-in border: ") + exception.what()};
  } catch (...) {
    return {WEFT_INTERNAL, "an exception crossed the plug-in border"};
  }
}

}  // namespace weft::host
