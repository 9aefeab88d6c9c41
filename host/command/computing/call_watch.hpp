// SPDX-License-Identifier: Apache-2.0
/// A call into a plug-in that does not return is told, and does not keep the process from ending.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "host/registry/open_calls.hpp"

namespace weft::host {

struct WatchLimits {
  /// How long a call may take before it is told; it is told again after twice, four times … as
  /// long.
  std::chrono::milliseconds call{30000};
  /// How long a call that is open when the process is asked to stop may go on.
  std::chrono::milliseconds stop{10000};
};

/// The limits with those that the environment gives, in seconds: WEFT_CALL_SECONDS and
/// WEFT_STOP_SECONDS. @throws Error (usage) for what is no number above 0
WatchLimits watch_limits();

/// Looks at the calls into plug-ins from a thread of its own as long as it lives. It warns of each
/// that takes too long. When stop_requested() and a call does not return, it says so and in the end
/// ends the process with Exit::interrupted.
class CallWatch {
 public:
  /// Is told too, on the watch's thread, of each call that takes too long.
  using Tell = std::function<void(const OpenCall&, std::chrono::milliseconds taken)>;

  explicit CallWatch(const WatchLimits& limits);
  ~CallWatch();
  CallWatch(const CallWatch&) = delete;
  CallWatch& operator=(const CallWatch&) = delete;

  /// From now on `tell` is told.
  void also_tell(Tell tell);

 private:
  using Clock = std::chrono::steady_clock;
  struct Seen {
    Clock::time_point since;
    std::chrono::milliseconds told_next;
    bool is_named = false;  ///< as what the process waits for before it stops
  };

  void work();
  void look(Clock::time_point now);
  void stop(const OpenCall& call, Seen& seen, Clock::time_point now);

  WatchLimits limits_;
  Tell tell_;
  std::map<OpenCall::Id, Seen> seen_;
  Clock::time_point asked_;  ///< when the process was asked to stop
  bool is_asked_ = false;
  bool is_over_ = false;
  std::mutex mutex_;  ///< of `is_over_` and `tell_`, held while the calls are looked at
  std::condition_variable over_;
  std::thread thread_;
};

}  // namespace weft::host
