// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>

namespace weft::host {

/// Tells a person how training goes: on a terminal one line that is written over, at most ten times
/// a second; elsewhere a plain line every five seconds and at the end of a stage.
class Progress {
 public:
  enum class Style { automatic, silent, plain, terminal };

  /// Writes to standard error; `automatic` asks whether that is a terminal.
  explicit Progress(Style style = Style::automatic);
  /// For tests: writes elsewhere.
  Progress(Style style, std::ostream& out);
  ~Progress() { end_stage(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// @param waited  seconds that the step waited for data; told when it is more than 1 % of the
  /// time
  /// @param modulation  of each group of gradients that is modulated: norm, share; see StepReport
  void step(const std::string& stage, std::int64_t step, std::int64_t steps,
            const std::map<std::string, double>& losses, double learning_rate, std::int64_t samples,
            double waited = 0.0,
            const std::map<std::string, std::map<std::string, double>>& modulation = {});
  /// Metrics on the stage's val split after a step, as a line of its own.
  void measured(const std::string& stage, std::int64_t step,
                const std::map<std::string, double>& values);
  /// Ends the line of the present stage.
  void end_stage();

 private:
  using Clock = std::chrono::steady_clock;
  Style style_;
  std::ostream& out_;
  std::string stage_;
  Clock::time_point begun_, shown_;
  std::int64_t first_ = 0, samples_ = 0;
  double waited_ = 0;
};

}  // namespace weft::host
