// SPDX-License-Identifier: Apache-2.0
/// What a session does, told on standard error.

#pragma once

#include <optional>

#include "host/command/computing/call_watch.hpp"
#include "host/command/options.hpp"
#include "host/report/progress.hpp"
#include "host/report/tensorboard.hpp"
#include "host/session/observer.hpp"
#include "host/session/session.hpp"

namespace weft::host {

/// Sentences as lines, steps as progress or, with --verbose, as a line each. From the first stage
/// on the process stops on signals as docs/exit-codes.md says, and a crash is described in the
/// run's folder, a call that does not return among its events.
class Console final : public Observer {
 public:
  explicit Console(const Options& options);
  /// Of the run, once it has begun.
  const std::string& folder() const { return folder_; }

  void note(const std::string& sentence) override;
  void warning(const std::string& sentence) override;
  void remark(const std::string& sentence) override;
  void run_begins(const std::string& folder) override;
  void stage_begins(const StageBeginning& stage) override;
  void step_begins(const std::string& stage, std::int64_t step) override;
  void step_ends(const StepReport& report) override;
  void stage_ends(const std::string& stage) override;
  void measured(const std::string& stage, std::int64_t step, const MetricValues& values) override;
  void saved(const std::string& stage, std::int64_t step) override;
  void evaluation_begins() override;

 private:
  bool quiet_, verbose_, writes_tensorboard_;
  std::string stop_stage_;  // empty: nothing stops it
  std::int64_t stop_step_ = 0;
  std::optional<TensorBoardWriter> tensorboard_;
  std::string folder_;
  Progress progress_;
  CallWatch watch_;
};

/// What the command line says of how recipes are opened.
/// @param processes  of this machine that share the work
SessionSettings session_settings(const Options& options, int processes = 1);

/// What --allow-commands says of the commands that data is read from.
Commands commands_of(const Options& options);

}  // namespace weft::host
