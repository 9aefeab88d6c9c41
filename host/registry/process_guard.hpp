// SPDX-License-Identifier: Apache-2.0
/// What a plug-in may not do to the process that it is a guest in: end it, close its standard
/// streams, change its locale or how floating point rounds, come back from a call twice.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace weft::host {

/// From now on a plug-in that ends the process (exit, quick_exit, _exit, _Exit), in a call or in a
/// thread of its own, is named in a sentence as report_crashes() writes it, and the process ends
/// with Exit::plugin. To be called on the thread that runs main(). `_exit` is seen where the
/// program exports the host's own (host/command/end_process.cpp); a system call of the plug-in's
/// own is not.
void guard_exits();

/// What belongs to the process, as it was when this was made.
class ProcessState {
 public:
  ProcessState();
  /// Where a plug-in has forked meanwhile, the child ends here, with a sentence: it would go on as
  /// the host, and write into the same run.
  ~ProcessState();
  ProcessState(const ProcessState&) = delete;
  ProcessState& operator=(const ProcessState&) = delete;

  /// Puts back what has changed since.
  /// @return  what that was, as the end of a sentence; empty where nothing was
  std::string restore() const;

 private:
  pid_t process_;
  std::string locale_;
  std::uint32_t vector_control_ = 0;  ///< rounding, denormals and traps of vector units
  int rounding_ = 0;
};

}  // namespace weft::host
