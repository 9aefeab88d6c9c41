// SPDX-License-Identifier: Apache-2.0
/// What a run says at its beginning of what it will cost, so that its report can compare.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/engine/recorder.hpp"
#include "host/optim/sharing.hpp"
#include "host/report/events.hpp"
#include "host/session/forecast.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

/// Looks at the first steps of each stage, as the stage takes them: no step is computed for it.
/// What the optimizer keeps is seen after the first, operations in the second, the time of a step
/// in those up to the seventh. Then, or at the end of a shorter stage, the event `plan` is written.
///
/// Nothing is looked at in a stage that goes on from a checkpoint, on a device other than the CPU
/// and where several processes share the run: there a part only would be seen.
class FirstSteps {
 public:
  FirstSteps(const Model& model, EventWriter& events, const Sharing& sharing)
      : model_(model), events_(events), is_alone_(sharing.ranks.size() == 1) {}

  /// The steps that come are those of this stage. @param step  that it has done already
  void begin_stage(const StagePlan& stage, std::int64_t step);
  void begin_step();
  /// A step that was taken.
  void end_step(const StepReport& report);

 private:
  void look(const StepReport& report);
  void write(std::int64_t step);

  const Model& model_;
  EventWriter& events_;
  const bool is_alone_;
  const StagePlan* stage_ = nullptr;  ///< null: nothing is looked at
  std::optional<OperationRecorder> recorder_;
  std::int64_t taken_ = 0;  ///< steps of the stage
  MemoryForecast memory_;
  bool knows_optimizer_ = false;
  std::map<std::string, std::map<std::string, double>> parts_;
  double flops_ = 0, waited_ = 0, rest_ = 0;
  std::int64_t parameters_ = 0, trainable_ = 0;
  std::vector<double> seconds_;  ///< of steps that were not looked at
};

}  // namespace weft::host
