// SPDX-License-Identifier: Apache-2.0
/// Which plug-in code a thread is in, written down so that a crash inside it can be named.

#pragma once

namespace weft::host {

/// A call into plug-in code. All texts live at least as long as the call.
struct Entry {
  const char* file;   ///< "libacme_gate.so"
  const char* part;   ///< "acme/fusion.gate"; null: the library as a whole
  const char* place;  ///< the part's node in the recipe; null where none is known
  const char* entry;  ///< "call", "create", "backward of acme.square"
};

/// The innermost entry of one thread; null outside plug-in code. There is one per process, in
/// host/registry; others are given a function that finds it.
using EntrySlot = const Entry** (*)();

/// While it lives, `entry` is this thread's innermost.
class EntryScope {
 public:
  EntryScope(const Entry** slot, const Entry& entry) : slot_(slot), outer_(*slot) {
    *slot = &entry;
  }
  ~EntryScope() { *slot_ = outer_; }
  EntryScope(const EntryScope&) = delete;
  EntryScope& operator=(const EntryScope&) = delete;

 private:
  const Entry** slot_;
  const Entry* outer_;
};

}  // namespace weft::host
