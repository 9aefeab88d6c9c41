// SPDX-License-Identifier: Apache-2.0
/// When a stage is saved and measured, and which weights it ends with.

#pragma once

#include <cstdint>
#include <functional>

#include "host/checkpoint/checkpoint.hpp"
#include "host/data/loading/position.hpp"
#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"
#include "host/training/finite.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {

/// Where the data goes on after a checkpoint.
/// @throws Error (bad_checkpoint) where an earlier version left that out
Position place_of(const Checkpoint& checkpoint);

class StageSaving {
 public:
  /// @param now  the stage's state as a checkpoint, but for its progress; of several ranks' maybe
  ///             a piece
  StageSaving(const StagePlan& stage, Model& model, const TrainerHooks& hooks,
              std::function<Checkpoint()> now, StageProgress& progress, Collective& ranks);

  /// Before the first step after a checkpoint: an evaluation that the interrupted run had to leave
  /// out is made up for where the best is looked for.
  void go_on(std::int64_t step);
  /// Saves and measures where that is due.
  /// @param stopping  some rank is asked to stop
  /// @throws Error (interrupted) when stopped before the end
  void after_step(std::int64_t step, bool stopping);
  /// Whether the stage has trained enough.
  bool is_done(std::int64_t step) const;
  /// Puts the best step's weights in place of the last one's, where they are to be kept. Returns
  /// when all is on the disk.
  void finish();
  /// Data that cannot be used loses nothing of what was trained before: saves it, where it is not,
  /// and throws the fault on with a sentence that says so.
  [[noreturn]] void save_and_rethrow(const std::exception& fault, std::int64_t step);

  /// The step that was saved last; that of the beginning where none was.
  std::int64_t saved() const { return saved_; }

 private:
  void save();
  void flush();
  void measure(std::int64_t step);

  const StagePlan& stage_;
  Model& model_;
  const TrainerHooks& hooks_;
  const std::function<Checkpoint()> now_;
  const FiniteWeights weights_;
  StageProgress& progress_;
  Collective& ranks_;
  std::int64_t saved_ = 0;
};

}  // namespace weft::host
