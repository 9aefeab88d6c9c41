// SPDX-License-Identifier: Apache-2.0
/// Who of the ranks lives and what each does. Internal to host/engine.

#pragma once

#include <c10/util/intrusive_ptr.h>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "host/engine/comm/c10d.hpp"

namespace weft::host {

class RankWatch {
 public:
  using StorePointer = c10::intrusive_ptr<c10d::Store>;

  /// @param store  of the calling thread; the watch's thread has a connection of its own
  RankWatch(StorePointer store, const Meeting& meeting);
  ~RankWatch();
  RankWatch(const RankWatch&) = delete;
  RankWatch& operator=(const RankWatch&) = delete;

  /// What the rank is about to do. Another phase is told to the others before this returns,
  /// another step of the same within a tenth of a second.
  /// @param phase  `stage "fit"`
  /// @param step   from 1; 0 where the phase has none
  void note(const std::string& phase, std::int64_t step);
  /// It waits for the others from now on: "the gradients". Empty: no more.
  void wait_for(const std::string& what);

  /// After an exchange that broke: finds out who is lost, which takes up to two seconds.
  std::string lost();
  /// Tells the others why this rank ends.
  /// @param leave  breaks the exchanges that they wait in
  void fail(const std::string& sentence, const std::function<void()>& leave);

 private:
  using Clock = std::chrono::steady_clock;
  struct Doing {
    std::string phase;
    std::int64_t step = 0;
    std::string waits_for;
    Clock::time_point since = Clock::now();
  };
  struct Heard {
    std::string beat;
    Clock::time_point since;  ///< when it was first seen here: clocks of machines differ
  };

  void work(const StorePointer& store);
  void tell(const StorePointer& store);
  void hear(const StorePointer& store);
  std::string heard_of(std::size_t rank) const;
  bool waits_longer_than(std::chrono::milliseconds time);
  void pause();
  [[noreturn]] void end_late(const StorePointer& store);
  void end_if_others_did(const StorePointer& store);
  std::vector<std::string> beats_now();
  void await_readers(const std::vector<std::string>& beats, Clock::time_point begin);

  const StorePointer store_;
  const Meeting meeting_;
  std::mutex telling_;  // held from describing to writing, so that nothing older is written later
  std::int64_t beats_ = 0;
  std::vector<Heard> heard_;  // of the watch's thread
  std::mutex mutex_;          // of what follows
  Doing doing_;
  bool is_over_ = false, has_news_ = false;
  std::condition_variable over_;
  std::thread thread_;
};

}  // namespace weft::host
