// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing/call_watch.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <set>
#include <utility>

#include "host/base/child_process.hpp"
#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/process.hpp"
#include "host/registry/crash_report.hpp"

namespace weft::host {
namespace {

using std::chrono::milliseconds;

void read_seconds(const char* name, milliseconds& limit) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return;
  double seconds = 0;
  const char* const end = text + std::strlen(text);
  constexpr double k_most = 1e6;
  const auto [stopped, error] = std::from_chars(text, end, seconds);
  if (error != std::errc() || stopped != end || !(seconds >= 0.001 && seconds <= k_most))
    throw Error(Exit::usage, concat(name, " is \"", text, "\"; expected seconds, such as 30."));
  limit = milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::string seconds_of(milliseconds time) {
  return concat(static_cast<double>(time.count()) / 1000, " s");
}

void say(const std::string& line) {
  write_all(2, line);  // at once: the thread that prints otherwise may hang
}

}  // namespace

WatchLimits watch_limits() {
  WatchLimits limits;
  read_seconds("WEFT_CALL_SECONDS", limits.call);
  read_seconds("WEFT_STOP_SECONDS", limits.stop);
  return limits;
}

CallWatch::CallWatch(const WatchLimits& limits) : limits_(limits), thread_([this] { work(); }) {}

CallWatch::~CallWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  over_.notify_all();
  thread_.join();
}

void CallWatch::also_tell(Tell tell) {
  const std::lock_guard lock(mutex_);
  tell_ = std::move(tell);
}

void CallWatch::work() {
  const milliseconds turn =
      std::clamp(std::min(limits_.call, limits_.stop) / 20, milliseconds(5), milliseconds(200));
  std::unique_lock lock(mutex_);
  while (!over_.wait_for(lock, turn, [this] { return is_over_; })) look(Clock::now());
}

void CallWatch::look(Clock::time_point now) {
  if (!is_asked_ && stop_requested()) {
    is_asked_ = true;
    asked_ = now;
  }
  std::set<OpenCall::Id> open;
  for (const OpenCall& call : open_calls()) {
    open.insert(call.id);
    Seen& seen = seen_.try_emplace(call.id, Seen{now, limits_.call}).first->second;
    const auto taken = std::chrono::duration_cast<milliseconds>(now - seen.since);
    if (taken >= seen.told_next) {
      say(concat("warning: ", call.who(), " has not returned from ", call.entry, " for ",
                 seconds_of(seen.told_next), ". It is waited for.\n"));
      if (tell_) tell_(call, seen.told_next);
      seen.told_next *= 2;
    }
    if (is_asked_) stop(call, seen, now);
  }
  std::erase_if(seen_, [&](const auto& one) { return !open.contains(one.first); });
}

void CallWatch::stop(const OpenCall& call, Seen& seen, Clock::time_point now) {
  const auto taken = std::chrono::duration_cast<milliseconds>(now - std::max(asked_, seen.since));
  if (!seen.is_named && taken >= std::min(limits_.stop / 10, milliseconds(1000))) {
    seen.is_named = true;
    say(concat("weft: asked to stop, but ", call.who(), " has not returned from ", call.entry,
               ". A second signal ends the process at once; else it ends after ",
               seconds_of(limits_.stop), ".\n"));
  }
  if (taken < limits_.stop) return;
  say(concat("weft: error: asked to stop, and ", call.who(), " has not returned from ", call.entry,
             " for ", seconds_of(limits_.stop), ".", what_is_saved(), "\n"));
  end_process(static_cast<int>(Exit::interrupted));
}

}  // namespace weft::host
