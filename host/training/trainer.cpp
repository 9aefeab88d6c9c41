// SPDX-License-Identifier: Apache-2.0
#include "host/training/trainer.hpp"

#include <chrono>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/loading/stream.hpp"
#include "host/engine/adamw.hpp"
#include "host/engine/autograd.hpp"
#include "host/training/diagnosis.hpp"
#include "host/training/finite.hpp"
#include "host/training/schedule.hpp"
#include "host/training/selection.hpp"

namespace weft::host {
namespace {

Position place_of(const Checkpoint& checkpoint) {
  if (const auto position = position_of(checkpoint.data)) return *position;
  throw Error(Exit::bad_checkpoint,
              concat("The checkpoint of stage \"", checkpoint.stage, "\", step ", checkpoint.step,
                     " does not say how many examples were taken: an earlier version of Weft wrote "
                     "it. Finish the run with that version, or begin it anew."));
}

}  // namespace

void Trainer::run(const StagePlan& stage, const Dataset& data, const Checkpoint* resume) {
  using Clock = std::chrono::steady_clock;
  const Objective objective(model_, stage);
  const std::vector<NamedTensor> trained = select_trainable(model_, stage);
  std::vector<Tensor> tensors;
  std::vector<OptimizerParameter> moved;
  for (const NamedTensor& parameter : trained) {
    tensors.push_back(parameter.tensor);
    moved.push_back({parameter.path, parameter.tensor, parameter.decay});
  }
  const OptimizerPlan& plan = stage.optimizer;
  AdamW optimizer(std::move(moved), {plan.beta1, plan.beta2, plan.eps, plan.weight_decay});
  TrainingStream stream(data, stage.batch_size, seed_, {},
                        resume != nullptr ? place_of(*resume) : Position{});
  std::int64_t step = 0;
  if (resume != nullptr) {
    step = resume->step;
    optimizer.load(resume->optimizer);
  }
  const auto checkpoint = [&] {
    return Checkpoint{
        stage.name, step, model_.state(), optimizer.state(), numbers_of(stream.position()), {}};
  };
  std::int64_t saved = step;
  const FiniteWeights weights(model_);
  const auto save = [&] {
    const Checkpoint now = checkpoint();
    weights.require(now);
    hooks_.save(now);
    saved = step;
  };
  // Data that cannot be used loses nothing of what was trained before.
  const auto next_batch = [&] {
    try {
      return stream.next();
    } catch (const std::exception& fault) {
      if (!hooks_.save || step == 0) throw;
      std::string end = concat(" All up to step ", step, " of stage \"", stage.name,
                               "\" is saved; go on with --resume.");
      try {
        if (saved != step) save();
      } catch (const std::exception& second) {
        end = concat(" The steps since the last checkpoint could not be saved: ", second.what());
      }
      const auto* const error = dynamic_cast<const Error*>(&fault);
      if (error == nullptr) throw;
      throw Error(error->exit(), fault.what() + end);
    }
  };
  Clock::time_point last = Clock::now();
  while (step < stage.steps) {
    if (hooks_.begin) hooks_.begin(stage.name, step + 1);
    const double rate = learning_rate(stage, step);
    const double waited_before = stream.waited();
    const Batch batch = next_batch();
    StepReport report{stage.name, step + 1, stage.steps, {}, rate, 0.0, 0.0, 0.0, batch.size};
    report.waited = stream.waited() - waited_before;
    // Random numbers depend on seed, stage and step only, so a resumed run draws the same.
    const CallOptions options{/*training=*/true, stable_hash(concat(stage.name, "#", step), seed_)};
    const std::vector<TensorMap> micro = micro_batches(batch, stage.grad_accumulation);
    report.losses = objective.backward(micro, options);
    report.gradient_norm = clip_gradients(tensors, stage.clip_norm);
    require_finite(report, model_, {objective, micro, batch.keys, options, trained});
    optimizer.step(rate);
    clear_gradients(tensors);
    ++step;
    report.seconds =
        std::chrono::duration<double>(Clock::now() - std::exchange(last, Clock::now())).count();
    if (hooks_.step) hooks_.step(report);
    const bool stopping = hooks_.stop != nullptr && *hooks_.stop;
    const bool end = step == stage.steps;
    const auto is_due = [&](std::int64_t every) { return end || (every > 0 && step % every == 0); };
    if (hooks_.save && (stopping || is_due(stage.save_every))) save();
    // After the save, since measuring may meet data that cannot be used.
    if (hooks_.measure && !stopping && is_due(stage.eval_every)) hooks_.measure(stage, step);
    if (stopping && !end)
      throw Error(Exit::interrupted, concat("stopped after step ", step, " of stage \"", stage.name,
                                            "\"; everything is saved. Go on with --resume."));
  }
}

}  // namespace weft::host
