// SPDX-License-Identifier: Apache-2.0
#include "host/training/stage_saving.hpp"

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/training/best_step.hpp"

namespace weft::host {
namespace {

bool is_due(const StagePlan& stage, std::int64_t every, std::int64_t step) {
  return step == stage.steps || (every > 0 && step % every == 0);
}

}  // namespace

Position place_of(const Checkpoint& checkpoint) {
  if (const auto position = position_of(checkpoint.data)) return *position;
  throw Error(Exit::bad_checkpoint,
              concat("The checkpoint of stage \"", checkpoint.stage, "\", step ", checkpoint.step,
                     " does not say how many examples were taken: an earlier version of Weft wrote "
                     "it. Finish the run with that version, or begin it anew."));
}

StageSaving::StageSaving(const StagePlan& stage, Model& model, const TrainerHooks& hooks,
                         std::function<Checkpoint()> now, StageProgress& progress,
                         Collective& ranks)
    : stage_(stage),
      model_(model),
      hooks_(hooks),
      now_(std::move(now)),
      weights_(model),
      progress_(progress),
      ranks_(ranks) {
  // What was the best by a metric that is no longer asked for says nothing.
  if (stage.keep_best.metric.empty()) {
    progress_.measured_step = progress_.best_step = progress_.evaluations_since = 0;
    progress_.best_value = 0.0;
  }
}

void StageSaving::save() {
  flush();  // before the copy, so that there are never two
  Checkpoint now = now_();
  now.progress = progress_;
  weights_.require(now, ranks_);
  hooks_.save(now);
  saved_ = now.step;
}

void StageSaving::flush() {
  if (hooks_.flush) hooks_.flush();
}

void StageSaving::measure(std::int64_t step) {
  const MetricValues values = hooks_.measure(stage_, step);
  if (stage_.keep_best.metric.empty()) return;
  note_evaluation(stage_.keep_best, model_, values, step, progress_);
  save();
}

void StageSaving::go_on(std::int64_t step) {
  saved_ = step;
  if (!stage_.keep_best.metric.empty() && step > 0 && progress_.measured_step != step &&
      is_due(stage_, stage_.eval_every, step))
    measure(step);
}

void StageSaving::after_step(std::int64_t step, bool stopping) {
  if (hooks_.save && (stopping || is_due(stage_, stage_.save_every, step))) save();
  // After the save, since measuring may meet data that cannot be used.
  if (hooks_.measure && !stopping && is_due(stage_, stage_.eval_every, step)) measure(step);
  if (!stopping || step >= stage_.steps) return;
  flush();
  throw Error(Exit::interrupted, concat("stopped after step ", step, " of stage \"", stage_.name,
                                        "\"; everything is saved. Go on with --resume."));
}

bool StageSaving::is_done(std::int64_t step) const {
  return step >= stage_.steps || is_out_of_patience(stage_.keep_best, progress_);
}

void StageSaving::finish() {
  const bool has_best = !stage_.keep_best.metric.empty() && progress_.best_step > 0;
  if (has_best && progress_.best_step != saved_) {
    model_.load(hooks_.weights_at(stage_, progress_.best_step));
    save();
  }
  flush();
  if (!has_best) return;
  Checkpoint end{stage_.name, saved_, {}, {}, {}, {}};
  end.progress = progress_;
  if (hooks_.best) hooks_.best(stage_, end);
}

void StageSaving::save_and_rethrow(const std::exception& fault, std::int64_t step) {
  if (!hooks_.save || step == 0) throw;
  std::string end = concat(" All up to step ", step, " of stage \"", stage_.name,
                           "\" is saved; go on with --resume.");
  try {
    if (saved_ != step) save();
    flush();
  } catch (const std::exception& second) {
    end = concat(" The steps since the last checkpoint could not be saved: ", second.what());
  }
  const auto* const error = dynamic_cast<const Error*>(&fault);
  if (error == nullptr) throw;
  throw Error(error->exit(), fault.what() + end);
}

}  // namespace weft::host
