// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <optional>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/run_folder.hpp"
#include "host/command/migration.hpp"
#include "host/command/results.hpp"
#include "host/command/session.hpp"
#include "host/command/set_aside.hpp"
#include "host/command/verbs.hpp"
#include "host/data/tokenizer_file.hpp"
#include "host/engine/runtime.hpp"
#include "host/registry/crash_report.hpp"
#include "host/report/events.hpp"
#include "host/report/progress.hpp"
#include "host/training/trainer.hpp"

namespace weft::host {
namespace {

std::atomic<bool> stop_requested = false;

/// The first signal asks the loop to save and end; the second ends at once.
void on_signal(int number) {
  stop_requested = true;
  std::signal(number, SIG_DFL);
}

RunLock lock_of(const Session& session) {
  RunLock lock{WEFT_VERSION, torch_version(), session.recipe.seed, {}, {}, {}};
  for (const auto& [name, data] : session.data) {
    lock.data[name] = data.fingerprint();
    if (const std::string made = data.tokenizer_fingerprint(); !made.empty())
      lock.tokenizers[name] = made;
  }
  for (const Node& node : session.model->wiring().nodes()) {
    const host::Part& part = node.instance.part();
    lock.parts[node.name] = {part.id, part.version.text(), part.file.filename().string(),
                             part.sha256};
  }
  return lock;
}

/// What a field cuts off is lost to the model: never silently.
void warn_of_truncation(const Dataset& data) {
  for (const auto& [field, truncation] : data.truncated())
    if (truncation.cut > 0)
      std::cerr << concat("warning: data \"", data.name(), "\", field \"", field,
                          "\": ", truncation.cut, " of ", truncation.of, " are longer than the ",
                          truncation.room, " that fit and were cut; the longest has ",
                          truncation.longest, ".\n");
}

/// bring_up_to_date(), telling the user what was migrated.
void migrate_aloud(Checkpoint& checkpoint, const std::string& run, const Session& session) {
  for (const std::string& line : bring_up_to_date(checkpoint, run, session))
    std::cerr << "note: " << line << "\n";
}

/// The run's newest checkpoint, its weights loaded, if the recipe goes on from it. Nothing in the
/// folder is changed, so that a refused run is as it was.
std::optional<Checkpoint> checkpoint_to_resume(const Session& session, const RunFolder& run,
                                               const RunLock& lock) {
  std::optional<Checkpoint> checkpoint = load_latest_checkpoint(run.path());
  if (!checkpoint) return std::nullopt;
  migrate_aloud(*checkpoint, run.path(), session);
  std::vector<std::string> stages;
  for (const StagePlan& stage : session.recipe.stages) stages.push_back(stage.name);
  if (std::ranges::find(stages, checkpoint->stage) == stages.end())
    throw Error(
        Exit::bad_checkpoint,
        concat("the newest checkpoint in ", run.path(), " is of stage \"", checkpoint->stage,
               "\", which the recipe does not have.", suggestion(checkpoint->stage, stages),
               " Use the recipe that it was trained with, or another run folder."));
  for (const std::string& change : run.changes(lock)) std::cerr << "warning: " << change << "\n";
  session.model->load(checkpoint->model);
  return checkpoint;
}

/// Trains the stages that are left after `resume`.
void run_stages(Session& session, RunFolder& run, EventWriter& events, Progress& progress,
                SetAsideReport& set_aside, const std::optional<Checkpoint>& resume) {
  const auto measure = [&](const StagePlan& stage, std::int64_t step) {
    if (stage.measure.empty()) return;
    const Evaluation values = evaluate(
        *session.model, session.data.at(stage.data),
        {Split::val, stage.batch, stage.measure, "", session.recipe.evaluate.generate_length});
    events.write("measure", {{"stage", stage.name}, {"step", step}, {"values", values.all}});
  };
  const auto save = [&](Checkpoint checkpoint) {
    checkpoint.parts = parts_of(*session.model);
    save_checkpoint(run.path(), checkpoint);
    events.write("checkpoint", {{"stage", checkpoint.stage}, {"step", checkpoint.step}});
  };
  bool skipping = resume.has_value();
  for (const StagePlan& stage : session.recipe.stages) {
    const bool here = skipping && stage.name == resume->stage;
    if (skipping && !here) continue;
    skipping = false;
    if (!here && !stage.from.empty()) {
      Checkpoint from = load_stage_checkpoint(run.path(), stage.from);
      migrate_aloud(from, run.path(), session);
      session.model->load(from.model);
    }
    TrainerHooks hooks;
    hooks.begin = note_step;
    hooks.step = [&](const StepReport& report) {
      if (report.step % stage.log_every == 0 || report.step == report.steps)
        events.write("step", {{"stage", report.stage},
                              {"step", report.step},
                              {"losses", report.losses},
                              {"learning_rate", report.learning_rate},
                              {"gradient_norm", report.gradient_norm},
                              {"seconds", report.seconds},
                              {"waited", report.waited},
                              {"samples", report.samples}});
      progress.step(report.stage, report.step, report.steps, report.losses, report.learning_rate,
                    report.samples, report.waited);
      set_aside.tell(session.data);
    };
    hooks.save = save;
    hooks.measure = measure;
    hooks.stop = &stop_requested;
    Trainer(*session.model, session.recipe.seed, hooks)
        .run(stage, session.data.at(stage.data), here ? &*resume : nullptr);
    progress.end_stage();
    warn_of_truncation(session.data.at(stage.data));
  }
}

}  // namespace

void train(const Options& options) {
  if (options.resume && options.overwrite)
    throw Error(Exit::usage, "--resume goes on with a run and --overwrite replaces it: give one.");
  Recipe recipe = read_recipe(options.operands[0], options.overrides);
  const std::string folder = options.run.empty() ? "runs/" + recipe.name : options.run;
  Session session = open_session(options, std::move(recipe), "", options.resume ? folder : "");
  RunFolder run(folder, options.resume      ? RunFolder::Mode::resume
                        : options.overwrite ? RunFolder::Mode::overwrite
                                            : RunFolder::Mode::create);
  const RunLock lock = lock_of(session);
  const std::optional<Checkpoint> resume =
      options.resume ? checkpoint_to_resume(session, run, lock) : std::nullopt;
  run.write(session.recipe.resolved, lock);
  for (const auto& [name, data] : session.data)
    if (!data.tokenizer_path().empty())
      run.keep_tokenizer(name, read_tokenizer_file(data.tokenizer_path()));
  const std::string crash = run.path() + "/crash.txt";
  std::filesystem::remove(crash);  // of the attempt before
  report_crashes(crash);
  EventWriter events(run.events_path());
  if (resume) events.write("resumed", {{"stage", resume->stage}, {"step", resume->step}});
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  events.write("start", {{"recipe", session.recipe.path}, {"name", session.recipe.name}});
  Progress progress(options.quiet ? Progress::Style::silent : Progress::Style::automatic);
  SetAsideReport set_aside(run.path() + "/set_aside.jsonl");
  set_aside.tell(session.data);
  const SetAsideReport::AtEnd also_what_ends_it(set_aside, session.data);
  run_stages(session, run, events, progress, set_aside, resume);

  if (session.recipe.evaluate.data.empty()) return;
  const Split split = split_named(session.recipe.evaluate.split);
  const Evaluation evaluation = evaluate_recipe(session, split);
  set_aside.tell(session.data);
  events.write("evaluation",
               {{"split", session.recipe.evaluate.split}, {"values", evaluation.all}});
  print_results({{folder, session.recipe.evaluate.split, evaluation}}, options.json);
}

}  // namespace weft::host
