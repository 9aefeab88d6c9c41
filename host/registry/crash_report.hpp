// SPDX-License-Identifier: Apache-2.0
/// A fault that ends the process inside a plug-in (a segfault, an abort, a stack overflow) still
/// gets a sentence: which library, which part, which entry, at which step.

#pragma once

#include <cstdint>
#include <string>

namespace weft::host {

/// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT write one sentence to standard error and
/// to `file` (which must not be there yet; empty: to standard error only) and end the process with
/// Exit::plugin. Covers stack overflows of the calling thread. May be called again with another
/// file.
void report_crashes(const std::string& file);

/// Writes such a sentence for a plug-in that ended the process by `call`, and ends it with
/// Exit::plugin.
[[noreturn]] void report_end(const char* call);

/// In the child that a plug-in forked: writes a sentence to standard error and ends it with
/// Exit::plugin.
[[noreturn]] void report_fork();

/// Past every handler: what is on its way out is not asked again. For signal handlers too.
[[noreturn]] void end_process(int code);

/// What is left of the run, as the end of such a sentence: " What was saved is as it was: …". For
/// signal handlers too.
/// @param waits  for a checkpoint that is being written, half a minute at most
const char* what_is_saved(bool waits = true);

/// What the run is at, for that sentence: stage "fit", step 12. Cheap enough for every step.
void note_step(const std::string& stage, std::int64_t step);

/// There is a checkpoint from which the run can go on, as that sentence then says.
void note_checkpoint();

/// Whether another thread is writing one.
void note_saving(bool is_saving);

}  // namespace weft::host
