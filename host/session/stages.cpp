// SPDX-License-Identifier: Apache-2.0
#include "host/session/stages.hpp"

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/optim/groups.hpp"
#include "host/session/migration.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {
namespace {

/// What a field cuts off is lost to the model: never silently.
void warn_of_truncation(const Dataset& data, Observer& observer) {
  for (const auto& [field, truncation] : data.truncated())
    if (truncation.cut > 0)
      observer.warning(concat("data \"", data.name(), "\", field \"", field, "\": ", truncation.cut,
                              " of ", truncation.of, " are longer than the ", truncation.room,
                              " that fit and were cut; the longest has ", truncation.longest, "."));
}

class Stages {
 public:
  Stages(const StagesRun& run, const Checkpoint* resume) : run_(run), resume_(resume) {
    if (resume != nullptr) note_saved(*resume);
  }

  SavedWeights train() {
    bool skipping = resume_ != nullptr;
    for (const StagePlan& stage : run_.session.recipe.stages) {
      const bool here = skipping && stage.name == resume_->stage;
      if (skipping && !here) continue;
      skipping = false;
      if (!here && !stage.from.empty()) begin_from(stage.from);
      tell_groups(stage);
      Trainer(*run_.session.model, run_.session.recipe.seed, hooks(stage))
          .run(stage, run_.session.data.at(stage.data), here ? resume_ : nullptr);
      run_.observer.stage_ends(stage.name);
      warn_of_truncation(run_.session.data.at(stage.data), run_.observer);
    }
    return saved_;
  }

  /// Where one can go on from, as a sentence that follows another.
  std::string way_on() const {
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

  TrainerHooks hooks(const StagePlan& stage) {
    TrainerHooks hooks;
    hooks.begin = [this](const std::string& name, std::int64_t step) {
      run_.observer.step_begins(name, step);
    };
    hooks.step = [this, &stage](const StepReport& report) { tell(stage, report); };
    hooks.save = [this](Checkpoint checkpoint) {
      checkpoint.parts = parts_of(*run_.session.model);
      checkpoint.model_xxh3 = save_checkpoint(run_.folder, checkpoint);
      note_saved(checkpoint);
      run_.events.write("checkpoint", {{"stage", checkpoint.stage}, {"step", checkpoint.step}});
    };
    hooks.measure = [this](const StagePlan& measured, std::int64_t step) {
      return measure(measured, step);
    };
    hooks.diverged = [this](const DivergedStep& step) { tell(step); };
    hooks.weights_at = [this](const StagePlan& saved, std::int64_t step) {
      return load_checkpoint(run_.folder.folder("checkpoints"), concat(saved.name, "-", step))
          .model;
    };
    hooks.best = [this](const StagePlan& ended, const Checkpoint& end) { tell(ended, end); };
    hooks.stop = run_.stop;
    return hooks;
  }

  void tell(const StagePlan& stage, const StepReport& report) {
    if (report.step % stage.log_every == 0 || report.step == report.steps) {
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
      run_.events.write("step", fields);
    }
    run_.observer.step_ends(report);
    run_.set_aside.tell(run_.session.data);
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
    const Evaluation values = evaluate(*run_.session.model, run_.session.data.at(stage.data),
                                       {Split::val, stage.batch_size, stage.metrics, "",
                                        run_.session.recipe.evaluate.generate_length});
    run_.events.write("measure", {{"stage", stage.name}, {"step", step}, {"values", values.all}});
    run_.observer.measured(stage.name, step, values.all);
    return values.all;
  }

  const StagesRun& run_;
  const Checkpoint* resume_;
  SavedWeights saved_;  ///< the newest checkpoint; its stage is empty where there is none
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
    std::string sentence = error.what();
    if (error.exit() == Exit::interrupted) throw;
    if (sentence.find("--resume") == std::string::npos) sentence += stages.way_on();
    run.events.write("failed",
                     {{"exit", static_cast<std::int64_t>(error.exit())}, {"message", sentence}});
    throw Error(error.exit(), sentence);
  }
}

}  // namespace weft::host
