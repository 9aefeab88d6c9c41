// SPDX-License-Identifier: Apache-2.0
/// Whole runs: a recipe is trained into a run folder; a run folder is opened and evaluated.

#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "host/checkpoint/run_folder.hpp"
#include "host/session/observer.hpp"
#include "host/session/result.hpp"
#include "host/session/session.hpp"

namespace weft::host {

/// Checks a recipe, its parts and their shapes; no tensor is made and no run folder.
/// @throws RecipeError with all problems
void check_recipe(const std::string& recipe, const SessionSettings& settings);

struct TrainSettings {
  std::string run;  ///< the run folder; empty: chosen_folder()
  RunFolder::Mode mode = RunFolder::Mode::create;
  /// Set by the caller: the step under way is finished and saved, then Error (interrupted) is
  /// thrown. Null: nothing stops it.
  const std::atomic<bool>* stop = nullptr;
  /// Whether what differs from weft.lock is refused (bad_checkpoint): from the run's, which goes
  /// on, or from the one beside the recipe.
  bool locked = false;
  /// Whether to end before the run folder is made; the observer is told what would be trained.
  bool dry_run = false;
  /// The run folder that is repeated: its tokenizers take the place of the recipe's, and what
  /// differs from its weft.lock is told. Or empty.
  std::string repeats = {};
};

/// Trains the stages of a recipe that are left in its run folder, then evaluates.
/// @param recipe  its file
/// @return the recipe's evaluation; none where it has no "evaluate" section
/// @throws Error, RecipeError
std::optional<Result> train_run(const std::string& recipe, const SessionSettings& settings,
                                const TrainSettings& train, Observer& observer);

/// The same with a recipe of inspect_recipe().
std::optional<Result> train_recipe(Recipe recipe, const SessionSettings& settings,
                                   const TrainSettings& train, Observer& observer);

/// A trained run: the model with the weights of its newest checkpoint.
struct TrainedRun {
  std::string folder;
  Session session;
  RunLock lock;  ///< of now
  SavedWeights weights;
};

/// Opens a run folder.
/// @param opens   Opens::evaluated, or Opens::none: then it runs with as many threads as it was
///                trained with, unless the settings say a number
/// @param locked  whether what differs from weft.lock is refused, instead of a warning
/// @throws Error (no_input) if it is no run folder or holds no checkpoint; (bad_checkpoint)
TrainedRun open_run(const std::string& folder, const SessionSettings& settings, Opens opens,
                    bool locked, Observer& observer);

/// Whether an evaluation is written into its run's folder, where it replaces the one before.
enum class Keeps { nothing, record };

/// Evaluates a run on its recipe's evaluation data.
/// @param split  empty: the recipe's
/// @param keeps  record: for `weft compare`. An evaluation with other settings is not the run's own
Result evaluate_run(const std::string& folder, const SessionSettings& settings,
                    const std::string& split, bool locked, Observer& observer,
                    Keeps keeps = Keeps::nothing);

}  // namespace weft::host
