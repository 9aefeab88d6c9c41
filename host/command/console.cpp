// SPDX-License-Identifier: Apache-2.0
#include "host/command/console.hpp"

#include <filesystem>
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/open_folder.hpp"
#include "host/base/printable.hpp"
#include "host/command/process.hpp"
#include "host/registry/crash_report.hpp"
#include "host/report/events.hpp"

namespace weft::host {
namespace {

/// Writes calls that do not return among the run's events, with a writer of its own: the session's
/// is not for other threads. A disk that is full is told elsewhere.
CallWatch::Tell writer_to(const std::string& folder) {
  return [folder](const OpenCall& call, std::chrono::milliseconds taken) {
    try {
      EventWriter(OpenFolder(folder), "events.jsonl")
          .write("not_returned", {{"node", call.place},
                                  {"part", call.part},
                                  {"file", call.file},
                                  {"entry", call.entry},
                                  {"seconds", static_cast<double>(taken.count()) / 1000}});
    } catch (const Error&) {
    }
  };
}

}  // namespace

Console::Console(const Options& options)
    : quiet_(options.quiet),
      progress_(options.quiet ? Progress::Style::silent : Progress::Style::automatic),
      watch_(watch_limits()) {
  report_crashes("");
}

void Console::note(const std::string& sentence) {
  std::cerr << "note: " << printable(sentence, k_sentence_bytes) << "\n";
}

void Console::warning(const std::string& sentence) {
  std::cerr << "warning: " << printable(sentence, k_sentence_bytes) << "\n";
}

void Console::remark(const std::string& sentence) {
  if (!quiet_) warning(sentence);
}

void Console::run_begins(const std::string& folder) {
  report_crashes(std::filesystem::absolute(std::filesystem::path(folder) / "crash.txt"));
  stop_on_signals();
  watch_.also_tell(writer_to(folder));
}

void Console::step_begins(const std::string& stage, std::int64_t step) {
  note_step(stage, step);
}

void Console::step_ends(const StepReport& report) {
  progress_.step(report.stage, report.step, report.steps, report.losses, report.learning_rate,
                 report.samples, report.waited);
}

void Console::stage_ends(const std::string&) {
  progress_.end_stage();
}

void Console::measured(const std::string& stage, std::int64_t step, const MetricValues& values) {
  progress_.measured(stage, step, values);
}

void Console::saved(const std::string&, std::int64_t) {
  note_checkpoint();
}

void Console::evaluation_begins() {
  end_on_signals(
      "weft: error: stopped while evaluating; all stages are saved. Go on with --resume.\n");
}

SessionSettings session_settings(const Options& options) {
  return {options.overrides,
          {options.plugins.begin(), options.plugins.end()},
          options.threads,
          commands_of(options)};
}

Commands commands_of(const Options& options) {
  return options.allow_commands ? Commands::run : Commands::refused;
}

}  // namespace weft::host
