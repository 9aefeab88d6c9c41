// SPDX-License-Identifier: Apache-2.0
#include "host/registry/open_calls.hpp"

#include <algorithm>
#include <mutex>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

struct Threads {
  std::mutex mutex;
  std::vector<ThreadEntry*> all;
};

/// Never destroyed: threads may end after main() has.
Threads& threads() {
  static Threads* const threads = new Threads;
  return *threads;
}

/// A handler must not be the first to make room for it, as other models of storage may do.
ThreadEntry& own_entry() {
  __attribute__((tls_model("initial-exec"))) static thread_local ThreadEntry entry;
  return entry;
}

/// Puts the calling thread's entry among those of all threads, as long as the thread lives.
class Registration {
 public:
  Registration() : entry_(&own_entry()) {
    const std::lock_guard lock(threads().mutex);
    threads().all.push_back(entry_);
  }
  ~Registration() {
    const std::lock_guard lock(threads().mutex);
    std::erase(threads().all, entry_);
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ThreadEntry* entry() const { return entry_; }

 private:
  ThreadEntry* entry_;
};

std::string text_of(const char* text) {
  return text == nullptr ? "" : text;
}

}  // namespace

ThreadEntry* thread_entry() {
  static thread_local const Registration registration;
  return registration.entry();
}

const Entry* current_entry() {
  return own_entry().innermost.load(std::memory_order_relaxed);
}

std::string OpenCall::who() const {
  if (part.empty()) return file;
  return place.empty() ? concat(part, " (", file, ")")
                       : concat("\"", place, "\" (", part, ", ", file, ")");
}

std::vector<OpenCall> open_calls() {
  std::vector<OpenCall> calls;
  const std::lock_guard lock(threads().mutex);
  for (ThreadEntry* const thread : threads().all) {
    thread->is_read.store(true);
    const std::uint64_t turn = thread->turn.load();
    if (turn % 2 == 1) {
      const Entry& entry = *thread->outermost.load(std::memory_order_relaxed);
      calls.push_back({{thread, turn},
                       text_of(entry.file),
                       text_of(entry.part),
                       text_of(entry.place),
                       text_of(entry.entry)});
    }
    thread->is_read.store(false);
  }
  return calls;
}

}  // namespace weft::host
