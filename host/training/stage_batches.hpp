// SPDX-License-Identifier: Apache-2.0
/// What the steps of a stage train on.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "host/checkpoint/checkpoint.hpp"
#include "host/data/loading/stream.hpp"
#include "host/graph/model.hpp"
#include "host/training/row_selection.hpp"
#include "host/training/stage_share.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

/// Examples in the order that the stage's curriculum gives, and of those the rows that it selects.
class StageBatches {
 public:
  /// The model's views begin first: they may say how difficult examples are.
  /// @param resume  where the stage goes on; null at its beginning
  StageBatches(Model& model, std::uint64_t seed, const StageShare& share, const Dataset& data,
               const Checkpoint* resume);

  /// This rank's rows of a step.
  /// @param step    of the stage, from 0
  /// @param report  gets their number over all ranks, what was waited, and what chose them
  Batch next(std::int64_t step, StepReport& report);

  /// Puts down where the stage goes on.
  void keep_in(Checkpoint& checkpoint) const;

 private:
  const StageShare& share_;
  RowSelection selection_;
  std::map<std::string, Array> kept_curriculum_;  // before what fills it
  std::shared_ptr<const EasyFirst> curriculum_;
  TrainingStream stream_;
};

}  // namespace weft::host
