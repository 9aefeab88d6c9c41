// SPDX-License-Identifier: Apache-2.0
#include "host/session/stages.hpp"

#include <cmath>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/safetensors.hpp"
#include "host/engine/device/device.hpp"
#include "host/engine/precision.hpp"
#include "host/evaluation/shared_evaluation.hpp"
#include "host/optim/groups.hpp"
#include "host/session/first_steps.hpp"
#include "host/session/migration.hpp"
#include "host/session/run_saving.hpp"
#include "host/training/selection.hpp"
#include "host/training/stage_run.hpp"

namespace weft::host {
namespace {

/// What a field cuts off is lost to the model: never silently.
void warn_of_truncation(const Dataset& data, Observer& observer) {
  for (const auto& [field, truncation] : data.truncated())
    if (truncation.cut > 0)
      observer.data_warning(
          concat("data \"", data.name(), "\", field \"", field, "\": ", truncation.cut, " of ",
                 truncation.of, " are longer than the ", truncation.room,
                 " that fit and were cut; the longest has ", truncation.longest, "."));
}

class Stages {
 public:
  Stages(const StagesRun& run, const Checkpoint* resume)
      : run_(run),
        resume_(resume),
        saving_(run.folder, run.sharing.ranks, [this](const Checkpoint& one) { tell_saved(one); }),
        first_steps_(*run.session.model, run.events, run.sharing) {
    if (resume != nullptr) note_saved(*resume);
  }

  SavedWeights train() {
    bool skipping = resume_ != nullptr;
    for (const StagePlan& stage : run_.session.recipe.stages) {
      const bool here = skipping && stage.name == resume_->stage;
      if (skipping && !here) continue;
      skipping = false;
      run_.sharing.ranks.table({});  // what the stage before has saved is there for all
      if (!here && !stage.from.empty()) begin_from(stage.from);
      tell_beginning(stage, here ? resume_->step : 0);
      tell_groups(stage);
      warn_of_precision(stage);
      first_steps_.begin_stage(stage, here ? resume_->step : 0);
      train_stage(*run_.session.model, run_.session.recipe.seed, hooks(), stage,
                  run_.session.data.at(stage.data), here ? resume_ : nullptr, run_.sharing);
      run_.observer.stage_ends(stage.name);
      warn_of_truncation(run_.session.data.at(stage.data), run_.observer);
    }
    // Of a model that was saved in pieces nobody has had the whole file.
    if (saved_.xxh3.empty() && run_.sharing.ranks.rank() == 0)
      saved_.xxh3 = digest_of(TensorFile{run_.session.model->state(), {}}).xxh3;
    return saved_;
  }

  /// Waits for a checkpoint that is being written when training ends by an error.
  /// @return a sentence that follows the error's where it could not be written, else nothing
  std::string wait_for_the_last() try {
    saving_.wait();
    return "";
  } catch (const std::exception& fault) {
    return concat(" The last checkpoint could not be saved: ", fault.what());
  }

  /// Where one can go on from, as a sentence that follows another.
  std::string way_on() const {
    // The first rank writes the checkpoints, and alone knows which of them are there.
    if (run_.sharing.ranks.rank() > 0) return " Go on with --resume.";
    if (saved_.stage.empty()) return " No checkpoint was saved yet.";
    return concat(" The checkpoint ", saved_.stage, "-", saved_.step,
                  " is sound; --resume goes on from it.");
  }

 private:
  void begin_from(const std::string& stage) {
    Checkpoint from = load_stage_checkpoint(run_.folder, stage);
    migrate_aloud(from, run_.folder.path(), run_.session, run_.observer);
    run_.session.model->load(from.model);
    run_.session.model->weights().load_views(from.views, [](const std::string&) { return false; });
  }

  void note_saved(const Checkpoint& checkpoint) {
    saved_ = {checkpoint.stage, checkpoint.step, checkpoint.model_xxh3};
    run_.observer.saved(checkpoint.stage, checkpoint.step);
  }

  void tell_saved(const Checkpoint& checkpoint) {
    note_saved(checkpoint);
    run_.events.write("checkpoint", {{"stage", checkpoint.stage}, {"step", checkpoint.step}});
  }

  TrainerHooks hooks() {
    TrainerHooks hooks;
    hooks.begin = [this](const std::string& name, std::int64_t step) {
      saving_.look();
      run_.observer.step_begins(name, step);
      first_steps_.begin_step();
    };
    hooks.step = [this](const StepReport& report) {
      first_steps_.end_step(report);
      tell(report);
    };
    hooks.save = [this](Checkpoint checkpoint) {
      checkpoint.parts = parts_of(*run_.session.model);
      saving_.begin(std::move(checkpoint));
    };
    hooks.flush = [this] { saving_.flush(); };
    hooks.measure = [this](const StagePlan& measured, std::int64_t step) {
      return measure(measured, step);
    };
    hooks.diverged = [this](const DivergedStep& step) { tell(step); };
    hooks.overflowed = [this](const OverflowedStep& step) { tell(step); };
    hooks.weights_at = [this](const StagePlan& saved, std::int64_t step) {
      // It was written before the newest was begun; now it is there for all ranks.
      run_.sharing.ranks.table({});
      return load_checkpoint(run_.folder.folder("checkpoints"), concat(saved.name, "-", step))
          .model;
    };
    hooks.note = [this](const std::string& sentence) { run_.observer.note(sentence); };
    hooks.best = [this](const StagePlan& ended, const Checkpoint& end) { tell(ended, end); };
    hooks.stop = run_.stop;
    return hooks;
  }

  void tell(const StepReport& report) {
    if (report.is_logged) {
      std::vector<std::pair<std::string, EventValue>> fields = {
          {"stage", report.stage},
          {"step", report.step},
          {"losses", report.losses},
          {"learning_rate", report.learning_rate},
          {"gradient_norm", report.gradient_norm},
          {"seconds", report.seconds},
          {"waited", report.waited},
          {"samples", report.samples}};
      if (!report.weights.empty()) fields.emplace_back("weights", report.weights);
      if (report.loss_scale > 0.0) fields.emplace_back("loss_scale", report.loss_scale);
      if (!report.selection.empty()) fields.emplace_back("selection", report.selection);
      if (report.competence > 0.0) fields.emplace_back("competence", report.competence);
      if (!report.modulation.empty()) fields.emplace_back("modulation", report.modulation);
      run_.events.write("step", fields);
    }
    run_.observer.step_ends(report);
    run_.set_aside.tell(run_.session.data);
  }

  /// On a CPU numbers of 16 bits pay where it has instructions for them, and nowhere else.
  void warn_of_precision(const StagePlan& stage) {
    const bool is_narrow = stage.precision != DType::float32 && device_text() == "cpu";
    const double ratio = is_narrow ? time_ratio(stage.precision) : 0.0;
    if (ratio > 1.0)
      run_.observer.warning(concat("stage \"", stage.name, "\" computes in ",
                                   stage.precision == DType::float16 ? "float16" : "bfloat16",
                                   ", in which a product of matrices takes ",
                                   std::round(10.0 * ratio) / 10.0,
                                   " times as long as in float32 on this processor. Leave "
                                   "\"precision\" out."));
  }

  void tell_beginning(const StagePlan& stage, std::int64_t step) {
    const Dataset& data = run_.session.data.at(stage.data);
    Model& model = *run_.session.model;
    run_.observer.stage_begins({stage.name, stage.data, step, stage.steps, data.size(Split::train),
                                optim::numbers_of(select_trainable(model, stage, step)),
                                optim::numbers_of(model.parameters())});
  }

  /// What trains, where more than one learning rate is in play.
  void tell_groups(const StagePlan& stage) {
    if (stage.groups.empty() && stage.optimizer.others.empty()) return;
    for (const optim::ParameterGroup& group : optim::groups_of(stage, *run_.session.model)) {
      const double rate = group.rule.lr * group.lr_mult;
      std::vector<std::string> paths;
      for (const NamedTensor& parameter : group.parameters) paths.push_back(parameter.path);
      run_.observer.note(concat("stage \"", stage.name, "\" trains ", paths.size(),
                                paths.size() == 1 ? " parameter (" : " parameters (",
                                group.numbers(), " numbers; ", paths.front(),
                                paths.size() == 1 ? ")" : ", …)", " by ", group.rule.use,
                                ": learning rate ", rate, ", weight decay ",
                                group.rule.weight_decay, ", from step ", group.from_step, "."));
      run_.events.write("groups", {{"stage", stage.name},
                                   {"optimizer", group.rule.use},
                                   {"learning_rate", rate},
                                   {"weight_decay", group.rule.weight_decay},
                                   {"from_step", group.from_step},
                                   {"numbers", group.numbers()},
                                   {"parameters", paths}});
    }
  }

  void tell(const DivergedStep& diverged) {
    const bool is_skip = diverged.action == "skip";
    std::string sentence = diverged.cause;
    sentence += is_skip ? " The step is left out"
                        : concat(" Training goes back to step ", diverged.next - 1);
    if (diverged.learning_rate_factor != 1.0)
      sentence += concat(", with the learning rate times ", diverged.learning_rate_factor);
    run_.observer.warning(concat(sentence, "."));
    run_.events.write("divergence", {{"stage", diverged.stage},
                                     {"step", diverged.step},
                                     {"action", diverged.action},
                                     {"cause", diverged.cause},
                                     {"times", diverged.times},
                                     {"next", diverged.next},
                                     {"learning_rate_factor", diverged.learning_rate_factor}});
  }

  void tell(const OverflowedStep& left_out) {
    run_.observer.note(concat("stage \"", left_out.stage, "\", step ", left_out.step,
                              ": gradients are beyond float16, so the step is left out (",
                              left_out.times, left_out.times == 1 ? " time" : " times",
                              " in the stage). Losses are multiplied by ",
                              std::llround(left_out.loss_scale), " from now on."));
    run_.events.write("overflow", {{"stage", left_out.stage},
                                   {"step", left_out.step},
                                   {"loss_scale", left_out.loss_scale},
                                   {"times", left_out.times}});
  }

  void tell(const StagePlan& stage, const Checkpoint& end) {
    const StageProgress& best = end.progress;
    const bool is_early = end.step < stage.steps;
    run_.observer.note(concat("stage \"", stage.name, "\"",
                              is_early ? concat(" stops after step ", end.step, " and") : "",
                              " ends with the weights of step ", best.best_step, ", where ",
                              stage.keep_best.metric, " was best: ", best.best_value, "."));
    run_.events.write("best", {{"stage", stage.name},
                               {"step", best.best_step},
                               {"metric", stage.keep_best.metric},
                               {"value", best.best_value},
                               {"last_step", end.step}});
  }

  MetricValues measure(const StagePlan& stage, std::int64_t step) {
    if (stage.metrics.empty()) return {};
    const EvaluationPlan& plan = run_.session.recipe.evaluate;
    const Evaluation values = evaluate_together(
        *run_.session.model, run_.session.data.at(stage.data),
        {Split::val, stage.batch_size, stage.metrics, "", plan.generate, plan.drawings},
        run_.sharing.ranks);
    std::vector<std::pair<std::string, EventValue>> fields = {
        {"stage", stage.name}, {"step", step}, {"values", values.all}};
    if (!values.intervals.empty()) {
      std::map<std::string, double> low, high;
      for (const auto& [name, interval] : values.intervals)
        low[name] = interval.low, high[name] = interval.high;
      fields.emplace_back("low", low);
      fields.emplace_back("high", high);
    }
    run_.events.write("measure", fields);
    run_.observer.measured(stage.name, step, values.all);
    return values.all;
  }

  const StagesRun& run_;
  const Checkpoint* resume_;
  SavedWeights saved_;  ///< the newest checkpoint; its stage is empty where there is none
  RunSaving saving_;
  FirstSteps first_steps_;
};

}  // namespace

void migrate_aloud(Checkpoint& checkpoint, const std::string& run, const Session& session,
                   Observer& observer) {
  for (const std::string& line : bring_up_to_date(checkpoint, run, session)) observer.note(line);
}

SavedWeights train_stages(const StagesRun& run, const Checkpoint* resume) {
  Stages stages(run, resume);
  try {
    return stages.train();
  } catch (const Error& error) {
    const std::string lost = stages.wait_for_the_last();
    if (error.exit() == Exit::interrupted && lost.empty()) throw;
    std::string sentence = error.what();
    // A plug-in's own words may end without a stop.
    if (!sentence.ends_with('.')) sentence += '.';
    sentence += lost;
    if (sentence.find("--resume") == std::string::npos) sentence += stages.way_on();
    run.events.write("failed",
                     {{"exit", static_cast<std::int64_t>(error.exit())}, {"message", sentence}});
    if (dynamic_cast<const RankLost*>(&error) != nullptr) throw RankLost(sentence);
    throw Error(error.exit(), sentence);
  }
}

}  // namespace weft::host
