// SPDX-License-Identifier: Apache-2.0
/// The system calls by which a run folder is written, one of which is made to fail, to be late or
/// to be the last. A test that links this file has it for its own calls; the library `faulty_calls`
/// has it for any program that is started with LD_PRELOAD, which reads WEFT_FAULT, WEFT_FAULT_AT
/// and WEFT_FAULT_FOLDER, and where WEFT_FAULT_RANK is set, only in the process whose RANK it is.

#pragma once

#include <string>
#include <vector>

namespace weft::test {

/// Calls of openat that create, write, fsync, mkdirat, renameat, renameat2 and unlinkat are counted
/// from 0, where they name what lies under a folder, beside files `.jsonl`.
struct Fault {
  std::string folder;  ///< absolute; "": none is counted
  /// "kill": the process is killed instead of the call; "EIO", "EINTR": the call fails
  /// so; "short": a write writes half of what it was to; "full": this call and all later ones but
  /// unlinkat fail with ENOSPC; "hold": before the call the thread waits for the file `go` in the
  /// folder, for a minute at most. "log": each call is a line of the file FOLDER.calls;
  /// "log, kill": the one at which the process is killed.
  std::string kind;
  long at = -1;
};

/// Replaces the fault and counts from 0 again.
void set_fault(const Fault& fault);
/// How many calls were counted.
long counted_calls();

}  // namespace weft::test
