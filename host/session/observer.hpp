// SPDX-License-Identifier: Apache-2.0
/// Who is told what a session does. A session prints nothing itself.

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "host/evaluation/evaluate.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

/// A stage that is about to be trained.
struct StageBeginning {
  std::string stage, data;
  std::int64_t step = 0, steps = 0;       ///< done already, and in all
  std::int64_t examples = 0;              ///< of the training part; 0: it is streamed
  std::int64_t trained = 0, numbers = 0;  ///< that learn from the first step on, of all
};

/// Each call comes on the thread that called the session. What a call throws ends the session's
/// work as an error of its own would.
class Observer {
 public:
  virtual ~Observer() = default;

  /// A sentence about what is done otherwise than one may think, such as a run that begins anew.
  virtual void note(const std::string& /*sentence*/) {}
  /// A sentence about what may be wrong, such as texts that were cut.
  virtual void warning(const std::string& /*sentence*/) {}
  /// A warning about data that no other rank reads, such as samples set aside.
  virtual void data_warning(const std::string& sentence) { warning(sentence); }
  /// A sentence about a recipe that is sound but may not be meant.
  virtual void remark(const std::string& /*sentence*/) {}

  /// The run's folder is there, and stages are about to be trained.
  virtual void run_begins(const std::string& /*folder*/) {}
  virtual void stage_begins(const StageBeginning& /*stage*/) {}
  /// Before each step, from 1.
  virtual void step_begins(const std::string& /*stage*/, std::int64_t /*step*/) {}
  virtual void step_ends(const StepReport& /*report*/) {}
  virtual void stage_ends(const std::string& /*stage*/) {}
  /// The metrics that a stage is to be measured by, after so many of its steps.
  virtual void measured(const std::string& /*stage*/, std::int64_t /*step*/,
                        const MetricValues& /*values*/) {}
  /// A checkpoint is there that the run can go on from.
  virtual void saved(const std::string& /*stage*/, std::int64_t /*step*/) {}
  /// All stages are saved, and the recipe's evaluation begins: it cannot be interrupted.
  virtual void evaluation_begins() {}
};

}  // namespace weft::host
