// SPDX-License-Identifier: Apache-2.0
/// Which plug-in code a thread is in, written down so that a crash inside it, or a call that does
/// not return, can be named.

#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace weft::host {

/// A call into plug-in code. All texts live at least as long as the call.
struct Entry {
  const char* file;   ///< "libacme_gate.so"
  const char* part;   ///< "acme/fusion.gate"; null: the library as a whole
  const char* place;  ///< the part's node in the recipe; null where none is known
  const char* entry;  ///< "call", "create", "backward of acme.square"
};

/// The plug-in code that one thread is in. Its own signal handlers read `innermost`; other threads
/// read `outermost`, which does not end while `is_read`.
struct ThreadEntry {
  std::atomic<const Entry*> innermost = nullptr;  ///< null outside plug-in code
  std::atomic<const Entry*> outermost = nullptr;
  std::atomic<std::uint64_t> turn = 0;  ///< counts begins and ends of the outermost: odd within it
  std::atomic<bool> is_read = false;

  void begin(const Entry& entry) noexcept {
    outermost.store(&entry, std::memory_order_relaxed);
    turn.fetch_add(1);
  }
  /// Either a reader sees the new turn, or this sees that there is a reader, and waits.
  void end() noexcept {
    turn.fetch_add(1);
    while (is_read.load()) std::this_thread::yield();
  }
};

/// Finds the calling thread's. There is one per process, in host/registry; others are given it.
using EntrySlot = ThreadEntry* (*)();

/// While it lives, `entry` is this thread's innermost.
class EntryScope {
 public:
  EntryScope(ThreadEntry* thread, const Entry& entry)
      : thread_(thread), outer_(thread->innermost.load(std::memory_order_relaxed)) {
    if (outer_ == nullptr) thread_->begin(entry);
    thread_->innermost.store(&entry, std::memory_order_relaxed);
  }
  ~EntryScope() {
    thread_->innermost.store(outer_, std::memory_order_relaxed);
    if (outer_ == nullptr) thread_->end();
  }
  EntryScope(const EntryScope&) = delete;
  EntryScope& operator=(const EntryScope&) = delete;

 private:
  ThreadEntry* thread_;
  const Entry* outer_;
};

}  // namespace weft::host
