// SPDX-License-Identifier: Apache-2.0
/// A fault that ends the process inside a plug-in (a segfault, an abort, a stack overflow) still
/// gets a sentence: which library, which part, which entry, at which step.

#pragma once

#include <cstdint>
#include <string>

#include "host/base/entry.hpp"

namespace weft::host {

/// This thread's slot for the plug-in code that it is in.
const Entry** current_entry();

/// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT write one sentence to standard error and
/// to `file` (empty: to standard error only) and end the process with Exit::plugin. Covers stack
/// overflows of the calling thread. May be called again with another file.
void report_crashes(const std::string& file);

/// What the run is at, for that sentence: stage "fit", step 12. Cheap enough for every step.
void note_step(const std::string& stage, std::int64_t step);

}  // namespace weft::host
