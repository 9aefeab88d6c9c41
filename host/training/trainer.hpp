// SPDX-License-Identifier: Apache-2.0
/// The training loop of one stage.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "host/checkpoint/checkpoint.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/evaluation/evaluate.hpp"
#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// What one step did.
struct StepReport {
  std::string stage;
  std::int64_t step = 0, steps = 0;       ///< done so far, and in all
  std::map<std::string, double> losses;   ///< mean over the step; "total" is what was minimised
  std::map<std::string, double> weights;  ///< of the losses whose weight changes in the stage
  /// Of each group whose gradient is modulated: norm, share of all norms, scale; see Modulation.
  std::map<std::string, std::map<std::string, double>> modulation;
  double learning_rate = 0.0;
  double gradient_norm = 0.0;  ///< before clipping
  double seconds = 0.0;        ///< since the step before
  double waited = 0.0;         ///< seconds of them, for the batch
  std::int64_t samples = 0;
  bool is_logged = false;   ///< by the stage's log_every
  double loss_scale = 0.0;  ///< of float16; 0: losses are not scaled
  /// Where rows are selected: the mean number of those read, "drawn", and of those that train,
  /// "kept".
  std::map<std::string, double> selection = {};
  double competence = 0.0;  ///< share of the examples drawn from; 0: there is no curriculum
};

/// A step whose loss or gradient was not finite and that was not taken.
struct DivergedStep {
  std::string stage;
  std::int64_t step = 0;   ///< from 1
  std::string cause;       ///< sentences: loss, node, keys of the samples
  std::string action;      ///< "skip" or "rollback"
  std::int64_t times = 0;  ///< that this happened in the stage
  std::int64_t next = 0;   ///< the step that comes next
  double learning_rate_factor = 1.0;
};

/// A step that was left out since its scaled gradients are beyond float16.
struct OverflowedStep {
  std::string stage;
  std::int64_t step = 0;    ///< from 1
  double loss_scale = 0.0;  ///< of the next step
  std::int64_t times = 0;   ///< that this happened in the stage
};

/// What the loop tells and asks while it runs.
struct TrainerHooks {
  /// Before every step: the stage and the step's number, from 1.
  std::function<void(const std::string&, std::int64_t)> begin;
  std::function<void(const StepReport&)> step;  ///< after every step that was taken
  std::function<void(const DivergedStep&)> diverged;
  std::function<void(const OverflowedStep&)> overflowed;
  std::function<void(const Checkpoint&)> save;  ///< at save_every, at the end, when stopped,
                                                ///< and when the data ends it
  /// Returns when what was saved last is on the disk; `save` may return before. Called before the
  /// next save, before the stage ends and before it is said that everything is saved.
  std::function<void()> flush;
  /// At eval_every and at the end: every output of the stage's metrics.
  std::function<MetricValues(const StagePlan&, std::int64_t)> measure;
  /// The weights that were saved after a step of the stage; keep_best needs it, save and measure.
  std::function<std::map<std::string, Array>(const StagePlan&, std::int64_t)> weights_at;
  /// A sentence about how ranks share the stage.
  std::function<void(const std::string&)> note;
  /// The stage is at its end, with the weights of the best step.
  std::function<void(const StagePlan&, const Checkpoint&)> best;
  const std::atomic<bool>* stop =
      nullptr;  ///< set: finish the step, save, throw Error (interrupted)
};

class Trainer {
 public:
  Trainer(Model& model, std::uint64_t seed, TrainerHooks hooks)
      : model_(model), seed_(seed), hooks_(std::move(hooks)) {}

  /// Trains the stage to its last step, or to where keep_best has lost patience, from its start or
  /// from a checkpoint of the same stage.
  /// The outcome is a function of model, seed and data alone: resuming gives the same weights.
  /// @throws Error (failed) naming stage, step and loss if a loss or the gradient is not finite and
  ///         on_divergence does not go on, or the weights that it would save;
  ///         what the data throws, after a save of the steps before
  void run(const StagePlan& stage, const Dataset& data, const Checkpoint* resume = nullptr);

 private:
  Model& model_;
  std::uint64_t seed_;
  TrainerHooks hooks_;
};

}  // namespace weft::host
