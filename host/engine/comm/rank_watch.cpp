// SPDX-License-Identifier: Apache-2.0
#include "host/engine/comm/rank_watch.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "host/base/child_process.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_beat{500};
constexpr milliseconds k_news{100};      // the least from beat to beat
constexpr milliseconds k_silence{1700};  // three beats and their way
constexpr milliseconds k_reading{3000};

std::vector<std::uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

std::string key(const char* kind, int rank) {
  return concat(kind, "/", rank);
}

/// What stands there; empty where nothing does.
std::string read(const RankWatch::StorePointer& store, const std::string& name) {
  if (!store->check({name})) return "";
  const std::vector<std::uint8_t> bytes = store->get(name);
  return {bytes.begin(), bytes.end()};
}

/// The first of what several ranks say stands.
void say_first(const RankWatch::StorePointer& store, const std::string& name,
               const std::string& text) {
  store->compareSet(name, {}, bytes_of(text));
}

/// Not by _exit, which a plug-in would be blamed for.
[[noreturn]] void end_process() {
  for (;;) ::syscall(SYS_exit_group, static_cast<int>(Exit::interrupted));
}

std::int64_t seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

/// The parts of a beat, as tell() writes it.
std::string doings(const std::string& beat) {
  return beat.substr(beat.rfind('\n') + 1);
}
std::string seconds_told(const std::string& beat) {
  const std::size_t first = beat.find('\n') + 1;
  return beat.substr(first, beat.rfind('\n') - first);
}

}  // namespace

RankWatch::RankWatch(StorePointer store, const Meeting& meeting)
    : store_(std::move(store)),
      meeting_(meeting),
      heard_(static_cast<std::size_t>(meeting.size), Heard{"", Clock::now()}) {
  doing_.phase = "the start";
  thread_ = std::thread([this, own = store_->clone()] { work(own); });
}

RankWatch::~RankWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  over_.notify_all();
  thread_.join();
}

void RankWatch::note(const std::string& phase, std::int64_t step) {
  bool is_other = false;
  {
    const std::lock_guard lock(mutex_);
    is_other = doing_.phase != phase;
    doing_ = {phase, step, "", Clock::now()};
    has_news_ = !is_other;
  }
  if (!is_other) return over_.notify_all();
  try {
    tell(store_);
  } catch (const std::exception&) {
    // The store is gone; the next exchange breaks and says so.
  }
}

void RankWatch::wait_for(const std::string& what) {
  const std::lock_guard lock(mutex_);
  doing_.waits_for = what;
  doing_.since = Clock::now();
}

bool RankWatch::waits_longer_than(milliseconds time) {
  const std::lock_guard lock(mutex_);
  return !doing_.waits_for.empty() && Clock::now() - doing_.since > time;
}

/// Writes the number of the beat, for how many seconds the rank has done so, and
/// `stage "fit", step 5, waits for the gradients`, a line each.
void RankWatch::tell(const StorePointer& store) {
  const std::string plug_in = meeting_.plug_in();
  const std::lock_guard one_by_one(telling_);
  std::string text;
  {
    const std::lock_guard lock(mutex_);
    has_news_ = false;
    text = concat(++beats_, "\n", seconds(Clock::now() - doing_.since), "\n", doing_.phase);
    if (doing_.step != 0) text += concat(", step ", doing_.step);
    if (!doing_.waits_for.empty())
      text += concat(", waits for ", doing_.waits_for);
    else
      text += plug_in.empty() ? ", computes" : concat(", is in ", plug_in);
  }
  store->set(key("beat", meeting_.rank), bytes_of(text));
}

void RankWatch::work(const StorePointer& store) {
  for (;;) {
    try {
      tell(store);
      if (waits_longer_than(milliseconds(0))) hear(store);
      if (waits_longer_than(meeting_.limit)) end_late(store);
      end_if_others_did(store);
    } catch (const std::exception&) {
      // The store is gone; the exchange at hand breaks and says so.
    }
    pause();
    const std::lock_guard lock(mutex_);
    if (is_over_) return;
  }
}

/// Until the next beat, or news; not much shorter where steps are short.
void RankWatch::pause() {
  std::unique_lock lock(mutex_);
  if (over_.wait_for(lock, k_news, [&] { return is_over_; })) return;
  over_.wait_for(lock, k_beat - k_news, [&] { return is_over_ || has_news_; });
}

void RankWatch::hear(const StorePointer& store) {
  std::vector<std::string> keys;
  for (int rank = 0; rank < meeting_.size; ++rank) keys.push_back(key("beat", rank));
  if (!store->check(keys)) return;  // somebody has not come yet
  const auto beats = store->multiGet(keys);
  for (std::size_t rank = 0; rank < beats.size(); ++rank) {
    const std::string beat(beats[rank].begin(), beats[rank].end());
    if (beat != heard_[rank].beat) heard_[rank] = {beat, Clock::now()};
  }
}

std::string RankWatch::heard_of(std::size_t rank) const {
  const Heard& heard = heard_[rank];
  if (heard.beat.empty()) return "has not come";
  const auto silent = Clock::now() - heard.since;
  if (silent > k_silence)
    return concat("silent for ", seconds(silent), " s; the last it said: ", doings(heard.beat));
  return concat(doings(heard.beat), ", for ", seconds_told(heard.beat), " s");
}

void RankWatch::end_late(const StorePointer& store) {
  std::string all;
  for (std::size_t rank = 0; rank < heard_.size(); ++rank) {
    if (heard_[rank].beat.empty())
      heard_[rank] = {read(store, key("beat", static_cast<int>(rank))), Clock::now()};
    all += concat(" Rank ", rank, ": ", heard_of(rank), ".");
  }
  const std::string sentence =
      concat("the ranks do not go on together; the limit of ", seconds(meeting_.limit),
             " s (WEFT_RANK_SECONDS) is over.", all, " Go on with --resume.");
  say_first(store, "stopped", sentence);
  write_all(STDERR_FILENO, concat("weft: error: rank ", meeting_.rank, ": ", sentence, "\n"));
  meeting_.before_end();
  end_process();
}

/// Others gave this rank up, and it hangs where it does not notice.
void RankWatch::end_if_others_did(const StorePointer& store) {
  const std::string sentence = read(store, "stopped");
  if (sentence.empty()) return;
  meeting_.before_end();
  {
    std::unique_lock lock(mutex_);
    if (over_.wait_for(lock, 2 * k_reading, [&] { return is_over_; })) return;
  }
  write_all(STDERR_FILENO, concat("weft: error: rank ", meeting_.rank, ": ", sentence, "\n"));
  end_process();
}

std::string RankWatch::lost() {
  try {
    const Clock::time_point begin = Clock::now();
    const std::vector<std::string> beats = beats_now();
    while (Clock::now() - begin < k_silence) {
      for (const char* said : {"failed", "stopped"})
        if (std::string sentence = read(store_, said); !sentence.empty()) {
          await_readers(beats, begin);
          return sentence;
        }
      std::this_thread::sleep_for(k_beat / 5);
    }
    std::string silent;
    for (int rank = 0; rank < meeting_.size; ++rank) {
      const std::string beat = read(store_, key("beat", rank));
      if (rank == meeting_.rank || beat != beats[static_cast<std::size_t>(rank)]) continue;
      silent += concat(silent.empty() ? "" : "; ", "rank ", rank, " of ", meeting_.size,
                       " has ended without a word (the last it said: ", doings(beat), ")");
    }
    if (silent.empty()) silent = "the connection between the ranks broke, though all of them live";
    say_first(store_, "stopped", concat(silent, ". Go on with --resume."));
    std::string sentence = read(store_, "stopped");
    await_readers(beats, begin);
    return sentence;
  } catch (const std::exception&) {
    return concat("rank 0 of ", meeting_.size,
                  ", through which the ranks meet, has ended. Go on with --resume.");
  }
}

void RankWatch::fail(const std::string& sentence, const std::function<void()>& leave) {
  try {
    say_first(store_, "failed",
              concat("stops, because rank ", meeting_.rank, " of ", meeting_.size,
                     " failed: ", sentence));
    const std::vector<std::string> beats = beats_now();
    leave();  // who waits in an exchange reads nothing until it breaks
    await_readers(beats, Clock::now());
  } catch (const std::exception&) {
    // Those who cannot be told notice that this rank is gone.
  }
}

std::vector<std::string> RankWatch::beats_now() {
  std::vector<std::string> beats;
  for (int rank = 0; rank < meeting_.size; ++rank) beats.push_back(read(store_, key("beat", rank)));
  return beats;
}

/// Rank 0 serves the store: it stays until the others have read what ended the run, but for those
/// that have been silent since `begin`.
void RankWatch::await_readers(const std::vector<std::string>& beats, Clock::time_point begin) {
  store_->set(key("read", meeting_.rank), bytes_of("yes"));
  if (meeting_.rank != 0) return;
  const Clock::time_point end = Clock::now() + k_reading;
  const auto is_gone = [&](int rank) {
    return Clock::now() - begin > k_silence &&
           read(store_, key("beat", rank)) == beats[static_cast<std::size_t>(rank)];
  };
  for (int rank = 1; rank < meeting_.size; ++rank)
    while (Clock::now() < end && !store_->check({key("read", rank)}) && !is_gone(rank))
      std::this_thread::sleep_for(k_beat / 10);
}

}  // namespace weft::host
