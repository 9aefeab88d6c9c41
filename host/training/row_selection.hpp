// SPDX-License-Identifier: Apache-2.0
/// Which of the rows that are read for a step it trains on.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/data/batch/batch.hpp"
#include "host/engine/comm/collective.hpp"
#include "host/training/row_scores.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

/// The `count` largest of numbers, or the smallest, as their places in rising order; of equal ones
/// the first. What is no number is chosen before all others, so that the step tells of it.
std::vector<std::size_t> chosen_places(const std::vector<double>& numbers, std::size_t count,
                                       bool is_highest);

class RowSelection {
 public:
  /// @param stage  with as many micro-batches as its ranks make of it
  /// @param ranks  that read different rows of a step; one where each reads all of them
  RowSelection(const Model& model, const StagePlan& stage, std::uint64_t seed, Collective& ranks);

  /// Rows to read for each that trains.
  std::int64_t draw() const { return stage_.select.draw; }

  /// Of the rows of all ranks those with the largest numbers, or the smallest, in the order in
  /// which they were read; each rank gets its part of them. What a single rank would choose, to the
  /// bit, where there are as many micro-batches.
  /// @param drawn   this rank's rows
  /// @param step    of the stage, from 0
  /// @param report  gets the mean number of all rows and of those chosen
  Batch choose(Batch drawn, std::int64_t step, StepReport& report) const;

 private:
  std::vector<double> scores(const Batch& drawn, std::int64_t step) const;
  Batch exchanged(const Batch& drawn, const std::vector<std::size_t>& chosen) const;

  const StagePlan& stage_;
  const std::uint64_t seed_;
  Collective& ranks_;
  std::optional<RowScores> by_;
};

}  // namespace weft::host
