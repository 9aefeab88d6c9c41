// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing/ranks.hpp"

#include <filesystem>
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/computing/kept_memory.hpp"
#include "host/command/ending.hpp"
#include "host/command/process.hpp"
#include "host/distribution/meeting.hpp"
#include "host/registry/crash_report.hpp"
#include "host/registry/open_calls.hpp"

namespace weft::host {
namespace {

/// The plug-in code that some thread of the process is in; empty where none is.
std::string plug_in_at_work() {
  const std::vector<OpenCall> calls = open_calls();
  return calls.empty() ? "" : calls.front().who();
}

}  // namespace

Follower::Follower(int rank) : rank_(rank), watch_(watch_limits()) {
  report_crashes("");
}

void Follower::data_warning(const std::string& sentence) {
  std::cerr << "warning: rank " << rank_ << ": " << printable(sentence, k_sentence_bytes) << "\n";
}

void Follower::run_begins(const std::string& /*folder*/) {
  keep_freed_memory();
  stop_on_signals();
}

void Follower::step_begins(const std::string& stage, std::int64_t step) {
  note_step(stage, step);
}

void Follower::evaluation_begins() {
  end_on_signals("");
}

RankObserver::RankObserver(const Options& options, const World& world) {
  if (world.rank == 0)
    console_ = std::make_unique<Console>(options);
  else
    follower_ = std::make_unique<Follower>(world.rank);
}

Observer& RankObserver::observer() {
  return console_ ? static_cast<Observer&>(*console_) : *follower_;
}

void among_ranks(const std::string& run,
                 const std::function<void(const World&, Collective&)>& work) {
  const World world = world_from_environment();
  if (world.size == 1) return work(world, one_rank());
  const std::string file = run + ".meeting";
  Meeting meeting = meeting_of(world, file);
  meeting.plug_in = plug_in_at_work;
  meeting.before_end = [] { what_is_saved(); };  // waits for it
  const std::unique_ptr<Ranks> ranks = join(meeting);
  std::error_code none_is_there;
  if (world.rank == 0) std::filesystem::remove(file, none_is_there);
  try {
    work(world, *ranks);
    ranks->leave();
  } catch (const RankLost& lost) {
    throw Error(lost.exit(), concat("rank ", world.rank, ": ", lost.what()));
  } catch (...) {
    const Ending ending = current_ending();
    if (ending.exit == Exit::interrupted)
      ranks->leave();  // the first has saved by then
    else
      ranks->fail(ending.sentence);
    throw;
  }
}

}  // namespace weft::host
