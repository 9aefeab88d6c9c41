// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing/console.hpp"

#include <filesystem>
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/open_folder.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/computing/kept_memory.hpp"
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

/// "fit 3/12: ce 2.31, total 2.31, learning rate 0.001, gradient norm 1.2, 0.05 s (0.01 s for
/// data)"
std::string line_of(const StepReport& report) {
  std::string line = concat(report.stage, " ", report.step, "/", report.steps, ":");
  for (const auto& [name, loss] : report.losses)
    line += concat(" ", name, " ", number(loss, "%.5g"), ",");
  return line + concat(" learning rate ", number(report.learning_rate, "%.3g"), ", gradient norm ",
                       number(report.gradient_norm, "%.3g"), ", ", number(report.seconds, "%.3f"),
                       " s (", number(report.waited, "%.3f"), " s for data)");
}

}  // namespace

Console::Console(const Options& options)
    : quiet_(options.quiet),
      verbose_(options.verbose),
      writes_tensorboard_(options.tensorboard),
      progress_(options.quiet ? Progress::Style::silent : Progress::Style::automatic),
      watch_(watch_limits()) {
  report_crashes("");
  const std::size_t dash = options.stop_at.rfind('-');
  if (options.stop_at.empty()) return;
  const std::string step = dash == std::string::npos ? "" : options.stop_at.substr(dash + 1);
  if (step.empty() || step.size() > 15 || step.find_first_not_of("0123456789") != std::string::npos)
    throw Error(Exit::usage,
                concat("weft train: --stop-at takes STAGE-STEP, such as fit-100, found \"",
                       options.stop_at, "\"."));
  stop_stage_ = options.stop_at.substr(0, dash);
  stop_step_ = std::stoll(step);
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
  folder_ = folder;
  keep_freed_memory();  // not before: what opening data took is given back
  report_crashes(std::filesystem::absolute(std::filesystem::path(folder) / "crash.txt"));
  stop_on_signals(
      "weft: stops after this step and saves it. A second signal ends the process at once.\n");
  watch_.also_tell(writer_to(folder));
  if (writes_tensorboard_) tensorboard_.emplace(OpenFolder(folder).made_folder("tensorboard"));
  if (!quiet_) std::cerr << printable(concat("run ", folder), k_sentence_bytes) << "\n";
}

void Console::stage_begins(const StageBeginning& stage) {
  if (quiet_) return;
  std::string line = concat("stage ", stage.stage, ": steps ", stage.step + 1, " to ", stage.steps,
                            " on ", stage.data);
  if (stage.examples > 0) line += concat(" (", stage.examples, " examples)");
  line += concat(", trains ", stage.trained, " of ", stage.numbers, " numbers");
  std::cerr << printable(line, k_sentence_bytes) << "\n";
}

void Console::step_begins(const std::string& stage, std::int64_t step) {
  note_step(stage, step);
}

void Console::step_ends(const StepReport& report) {
  if (verbose_)
    std::cerr << printable(line_of(report), k_sentence_bytes) << "\n";
  else
    progress_.step(report.stage, report.step, report.steps, report.losses, report.learning_rate,
                   report.samples, report.waited, report.modulation);
  if (!tensorboard_ || !report.is_logged) return;
  std::vector<std::pair<std::string, double>> scalars;
  for (const auto& [name, value] : report.losses)
    scalars.emplace_back(concat(report.stage, "/loss/", name), value);
  scalars.emplace_back(report.stage + "/learning_rate", report.learning_rate);
  scalars.emplace_back(report.stage + "/gradient_norm", report.gradient_norm);
  tensorboard_->write(report.step, scalars);
}

void Console::stage_ends(const std::string&) {
  progress_.end_stage();
}

void Console::measured(const std::string& stage, std::int64_t step, const MetricValues& values) {
  progress_.measured(stage, step, values);
  if (tensorboard_) {
    std::vector<std::pair<std::string, double>> scalars;
    for (const auto& [name, value] : values)
      scalars.emplace_back(concat(stage, "/val/", name), value);
    tensorboard_->write(step, scalars);
  }
  if (stage == stop_stage_ && step >= stop_step_) request_stop();
}

void Console::saved(const std::string&, std::int64_t) {
  note_checkpoint();
}

void Console::evaluation_begins() {
  end_on_signals(
      "weft: error: stopped while evaluating; all stages are saved. Go on with --resume.\n");
}

SessionSettings session_settings(const Options& options, int processes) {
  SessionSettings settings;
  settings.overrides = options.overrides;
  settings.plugins.assign(options.plugins.begin(), options.plugins.end());
  settings.threads = options.threads;
  settings.device = options.device;
  settings.processes = processes;
  settings.commands = commands_of(options);
  return settings;
}

Commands commands_of(const Options& options) {
  return options.allow_commands ? Commands::run : Commands::refused;
}

}  // namespace weft::host
