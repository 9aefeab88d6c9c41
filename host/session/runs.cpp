// SPDX-License-Identifier: Apache-2.0
#include "host/session/runs.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/run_record.hpp"
#include "host/data/text/tokenizer_file.hpp"
#include "host/graph/memory_check.hpp"
#include "host/graph/rank_check.hpp"
#include "host/graph/stages.hpp"
#include "host/graph/wiring.hpp"
#include "host/optim/groups.hpp"
#include "host/recipe/kept.hpp"
#include "host/recipe/parallel.hpp"
#include "host/report/events.hpp"
#include "host/session/agreed.hpp"
#include "host/session/chosen_folder.hpp"
#include "host/session/evaluation_record.hpp"
#include "host/session/initial_load.hpp"
#include "host/session/initial_weights.hpp"
#include "host/session/inspection.hpp"
#include "host/session/migration.hpp"
#include "host/session/other_runs.hpp"
#include "host/session/set_aside.hpp"
#include "host/session/settings.hpp"
#include "host/session/shared_run.hpp"
#include "host/session/stages.hpp"

namespace weft::host {

namespace fs = std::filesystem;

namespace {

/// What newest_checkpoint() tells of damaged ones.
auto warns(Observer& observer) {
  return [&observer](const std::string& sentence) { observer.warning(sentence); };
}

/// The settings that the run was trained with so far; nothing, told, where they cannot be read.
std::optional<Recipe> settings_of(const OpenFolder& run, const Session& session,
                                  Observer& observer) {
  try {
    Recipe recipe = read_kept(run.path(), folder_when_written(run), {});
    fill_in(recipe, *session.registry);
    return recipe;
  } catch (const RecipeError& error) {
    observer.warning(concat("what changes cannot be said: ", error.what()));
    return std::nullopt;
  }
}

struct Resumed {
  Checkpoint checkpoint;
  std::vector<std::string> changed;  ///< pointers of the settings
};

void require_stage(const Checkpoint& checkpoint, const std::vector<std::string>& stages,
                   const std::string& run) {
  if (std::ranges::find(stages, checkpoint.stage) != stages.end()) return;
  throw Error(Exit::bad_checkpoint,
              concat("the newest checkpoint in ", run, " is of stage \"", checkpoint.stage,
                     "\", which the recipe does not have.", suggestion(checkpoint.stage, stages),
                     " Use the recipe that it was trained with, or another run folder."));
}

/// The run's newest checkpoint, its weights loaded, if the recipe goes on from it. Nothing in the
/// folder is changed, so that a refused run is as it was.
std::optional<Resumed> resume_from(const Session& session, const OpenFolder& run,
                                   const RunLock& lock, Observer& observer) {
  const std::vector<std::string> stages = stage_names(session.recipe);
  std::optional<Checkpoint> checkpoint = newest_checkpoint(run, stages, warns(observer));
  if (!checkpoint) {
    observer.note(concat("no checkpoint was saved in ", run.path(), " yet: the run begins anew."));
    return std::nullopt;
  }
  migrate_aloud(*checkpoint, run.path(), session, observer);
  require_stage(*checkpoint, stages, run.path());
  const std::vector<std::string> told = changes_on_resuming(run, lock);
  std::vector<std::string> changed;
  if (const std::optional<Recipe> before = settings_of(run, session, observer))
    for (const Difference& difference :
         changed_settings(run.path(), *before, session.recipe, *checkpoint)) {
      observer.note(concat("goes on with another setting: ", difference.text(), "."));
      changed.push_back(difference.pointer);
    }
  for (const std::string& change : told) observer.warning(change);
  session.model->load(checkpoint->model);
  return Resumed{std::move(*checkpoint), changed};
}

/// Writes how the run begins or goes on.
void begin(const RunFolder& run, const Session& session, const std::optional<Resumed>& resumed,
           EventWriter& events, int segment) {
  if (resumed) {
    name_latest(run.folder(), resumed->checkpoint);
    events.write("resumed", {{"stage", resumed->checkpoint.stage},
                             {"step", resumed->checkpoint.step},
                             {"segment", std::int64_t{segment}},
                             {"changed", resumed->changed}});
  }
  events.write("start", {{"recipe", session.recipe.path}, {"name", session.recipe.name}});
}

/// Compares with the lock of the run that goes on, or with that beside the recipe.
void require_locked(const Session& session, const std::string& folder, bool begun,
                    Observer& observer) {
  const fs::path recipe = session.recipe.path;
  const std::string holder = begun                      ? folder
                             : recipe.has_parent_path() ? recipe.parent_path().string()
                                                        : ".";
  const OpenFolder locked(holder);
  if (!has_lock(locked))
    throw Error(Exit::no_input,
                concat("--locked compares with ", locked.path_of("weft.lock"),
                       ", which is not there. Give the recipe.json of a run, beside which its "
                       "weft.lock lies, or leave --locked out."));
  const std::vector<std::string> changes = changes_on_resuming(locked, lock_of(session, folder));
  for (std::size_t i = 1; i < changes.size(); ++i) observer.warning(changes[i]);
  if (!changes.empty())
    throw Error(Exit::bad_checkpoint,
                concat(changes.front(), " Restore what it was, or leave --locked out."));
}

/// For --dry-run.
void tell_plan(const Session& session, const std::string& folder, Observer& observer) {
  for (const StagePlan& stage : session.recipe.stages) {
    const std::vector<NamedTensor> all = session.model->parameters();
    std::vector<NamedTensor> trained = all;
    std::erase_if(trained, [&](const NamedTensor& one) { return !is_trained(stage, one.path); });
    observer.note(concat("stage \"", stage.name, "\" would train ", optim::numbers_of(trained),
                         " of ", optim::numbers_of(all), " parameters for ", stage.steps,
                         " steps of ", stage.batch_size, " examples of \"", stage.data, "\"."));
  }
  observer.note(concat("the run would be written to ", folder, "; nothing was trained."));
}

/// The run is at its end: what it cost.
void write_done(EventWriter& events, const Session& session) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  events.write("done",
               {{"parameters", optim::numbers_of(session.model->parameters())},
                {"peak_memory", static_cast<std::int64_t>(usage.ru_maxrss) * 1024},
                {"processor_seconds", static_cast<double>(usage.ru_utime.tv_sec) +
                                          static_cast<double>(usage.ru_utime.tv_usec) / 1e6}});
}

}  // namespace

void check_recipe(const std::string& recipe_file, const SessionSettings& settings) {
  Recipe recipe = inspect_recipe(recipe_file, settings.overrides);
  const Registry registry(plugin_folders(settings));
  const auto fields = inspect_data(
      recipe, [](const DataPlan&) { return ""; }, [](const DataPlan&) { return true; });
  const Wiring wiring(recipe, registry, fields);
  inspect_initial_weights(recipe, wiring);
  recipe.problems.require_none(recipe.path);
}

namespace {

/// The run's folder on one of its ranks: the first makes it and holds its lock, the others read.
class SharedFolder {
 public:
  SharedFolder(const std::string& path, RunFolder::Mode mode, Collective& ranks) {
    if (ranks.rank() == 0) own_.emplace(path, mode);
    ranks.table({});  // it is there
    if (!own_) seen_.emplace(path);
  }
  const OpenFolder& folder() const { return own_ ? own_->folder() : *seen_; }
  /// To write to; null on all ranks but the first.
  const RunFolder* own() const { return own_ ? &*own_ : nullptr; }

 private:
  std::optional<RunFolder> own_;
  std::optional<OpenFolder> seen_;
};

/// Writes what a run's folder holds beside checkpoints. @return the number of the stretch
int write_folder(const RunFolder& run, const Session& session, const RunLock& lock) {
  for (const auto& [name, data] : session.data)
    if (!data.tokenizer_path().empty())
      run.keep_tokenizer(name, read_tokenizer_file(data.tokenizer_path()));
  const int segment = run.go_on(kept_text(session.recipe, run.path()), lock);
  run.folder().remove_file("crash.txt");  // of the attempt before
  return segment;
}

std::optional<Result> finished(const Session& session, const std::string& folder,
                               const RunLock& lock, const SavedWeights& weights,
                               const TrainSettings& train, Collective& ranks, EventWriter& events,
                               SetAsideReport& set_aside, Observer& observer,
                               const RunFolder* own) {
  const EvaluationPlan& plan = session.recipe.evaluate;
  if (plan.data.empty()) {
    write_done(events, session);
    return std::nullopt;
  }
  if (ranks.any(train.stop != nullptr && *train.stop))
    throw Error(Exit::interrupted,
                "stopped before evaluating; all stages are saved. Go on with --resume.");
  observer.evaluation_begins();
  ranks.note("the evaluation", 0);
  const Evaluation evaluation = evaluate_recipe(session, split_named(plan.split), ranks);
  set_aside.tell(session.data);
  events.write("evaluation", {{"split", plan.split}, {"values", evaluation.all}});
  if (own != nullptr)
    save_evaluation(own->folder(), record_of(session, weights, plan.split, evaluation));
  write_done(events, session);
  return Result{folder, plan.split, evaluation, lock, weights};
}

/// Several ranks cannot each choose a folder by the time: theirs is named by the recipe.
std::string folder_of(const Recipe& recipe, const TrainSettings& train, const Collective& ranks,
                      Observer& observer) {
  if (!train.run.empty()) return train.run;
  return ranks.size() > 1 ? "runs/" + recipe.name : chosen_folder(recipe, train.mode, observer);
}

}  // namespace

std::optional<Result> train_run(const std::string& recipe_file, const SessionSettings& settings,
                                const TrainSettings& train, Observer& observer) {
  return train_recipe(inspect_recipe(recipe_file, settings.overrides), settings, train, observer);
}

std::optional<Result> train_recipe(Recipe recipe, const SessionSettings& settings,
                                   const TrainSettings& train, Observer& observer) {
  return train_together(std::move(recipe), settings, train, observer, {});
}

std::optional<Result> train_together(Recipe recipe, const SessionSettings& settings,
                                     const TrainSettings& train, Observer& observer,
                                     const RunShare& share) {
  Collective& ranks = share.ranks;
  const std::string folder = folder_of(recipe, train, ranks, observer);
  RunFolder::Mode mode = train.mode;
  if (share.is_restart && holds_run(folder)) mode = RunFolder::Mode::resume;
  // The first rank's answer: it makes the folder while others still look.
  const bool begun =
      ranks.table({mode == RunFolder::Mode::resume && holds_run(folder) ? 1.0 : 0.0})[0] != 0;
  Session session = open_session(settings, std::move(recipe), Opens::all,
                                 begun ? folder : train.repeats, observer);
  if (auto problems = rank_problems(session.recipe, session.model->wiring(), ranks.size());
      !problems.empty())
    throw RecipeError(session.recipe.path, std::move(problems));
  const RunLock lock = lock_of(session, folder);
  if (!begun) {
    inspect_initial_weights(session.recipe, session.model->wiring());
    session.recipe.problems.require_none(session.recipe.path);
  }
  if (!train.repeats.empty())
    for (const std::string& change : changes_on_resuming(OpenFolder(train.repeats), lock))
      observer.warning(change);
  if (train.locked) require_locked(session, folder, begun, observer);
  if (train.dry_run) {
    tell_plan(session, folder, observer);
    return std::nullopt;
  }
  require_agreement(ranks, session, lock, "");
  const SharedFolder run(folder, mode, ranks);
  const std::optional<Resumed> resumed =
      begun ? resume_from(session, run.folder(), lock, observer) : std::nullopt;
  ranks.table({});  // all have read what is there
  const int segment = run.own() ? write_folder(*run.own(), session, lock) : 0;
  observer.run_begins(folder);
  const std::unique_ptr<EventWriter> events =
      run.own() ? std::make_unique<EventWriter>(run.folder(), "events.jsonl")
                : std::make_unique<EventWriter>();
  if (run.own()) begin(*run.own(), session, resumed, *events, segment);
  if (!resumed) load_initial_weights(session, ranks, *events, observer);
  SetAsideReport set_aside =
      run.own() ? SetAsideReport(observer, run.folder()) : SetAsideReport(observer);
  set_aside.tell(session.data);
  const SetAsideReport::AtEnd also_what_ends_it(set_aside, session.data);
  const ParallelPlan parallel = parallel_of(session.recipe);
  if (parallel.wire != DType::float32 && ranks.size() == 1)
    observer.note(
        "parallel.wire is \"bfloat16\", and one process sends no gradients: they stay float32. "
        "Several ranks round them, so their weights differ from these.");
  const Sharing sharing{ranks, parallel.shard, parallel.wire,
                        parallel.pipeline > 1 && ranks.size() > 1};
  const SavedWeights weights =
      train_stages({session, run.folder(), *events, observer, set_aside, train.stop, sharing},
                   resumed ? &resumed->checkpoint : nullptr);
  return finished(session, folder, lock, weights, train, ranks, *events, set_aside, observer,
                  run.own());
}

namespace {

/// Tells, or where the run is locked refuses, what is not as it was in training.
void compare(const OpenFolder& run, const RunLock& lock, bool locked, Observer& observer) {
  const std::vector<std::string> changes = changes_on_evaluating(run, lock);
  if (locked && !changes.empty())
    throw Error(Exit::bad_checkpoint,
                concat(changes.front(),
                       changes.size() > 1 ? concat(" So have ", changes.size() - 1, " more.") : "",
                       " Restore what it was, or leave --locked out."));
  for (const std::string& change : changes) observer.warning(change);
}

}  // namespace

TrainedRun open_run(const std::string& folder, const SessionSettings& settings, Opens opens,
                    bool locked, Observer& observer) {
  const OpenFolder run(folder);
  require_run(run);
  Recipe recipe = read_kept(run.path(), folder_when_written(run), settings.overrides);
  if (opens == Opens::evaluated && recipe.evaluate.data.empty())
    throw Error(Exit::bad_recipe, concat(recipe.path, " has no \"evaluate\" section."));
  set_missing_runs_aside(recipe);
  SessionSettings chosen = settings;
  if (chosen.threads == 0 && opens == Opens::none) chosen.threads = threads_when_written(run);
  TrainedRun trained{
      folder, open_session(chosen, std::move(recipe), opens, folder, observer), {}, {}};
  const Session& session = trained.session;
  std::optional<Checkpoint> checkpoint =
      newest_checkpoint(run, stage_names(session.recipe), warns(observer));
  if (!checkpoint)
    throw Error(Exit::no_input, concat(folder, " holds no checkpoint yet. Train it first."));
  trained.lock = lock_of(session, folder);
  compare(run, trained.lock, locked, observer);
  bring_up_to_date(*checkpoint, folder, session);
  session.model->load(checkpoint->model);
  session.model->weights().load_views(checkpoint->views, [](const std::string&) { return false; });
  trained.weights = {checkpoint->stage, checkpoint->step, checkpoint->model_xxh3};
  return trained;
}

namespace {

/// A folder that cannot be written, such as a colleague's, is evaluated all the same.
void keep_record(const TrainedRun& run, const std::string& split, const Evaluation& evaluation,
                 Observer& observer) {
  try {
    save_evaluation(OpenFolder(run.folder), record_of(run.session, run.weights, split, evaluation));
  } catch (const Error& error) {
    observer.note(concat("the evaluation is not kept for `weft compare`: ", error.what()));
  }
}

}  // namespace

Result evaluate_run(const std::string& folder, const SessionSettings& settings,
                    const std::string& split, bool locked, Observer& observer, Keeps keeps) {
  return evaluate_run_together(folder, settings, split, locked, observer, keeps, one_rank());
}

TrainedRun open_run_together(const std::string& folder, const SessionSettings& settings,
                             Opens opens, bool locked, Observer& observer, Collective& ranks) {
  TrainedRun run = open_run(folder, settings, opens, locked, observer);
  require_agreement(ranks, run.session, run.lock, run.weights.xxh3);
  return run;
}

Result evaluate_run_together(const std::string& folder, const SessionSettings& settings,
                             const std::string& split, bool locked, Observer& observer, Keeps keeps,
                             Collective& ranks) {
  const TrainedRun run =
      open_run_together(folder, settings, Opens::evaluated, locked, observer, ranks);
  const std::string chosen = split.empty() ? run.session.recipe.evaluate.split : split;
  SetAsideReport set_aside(observer);
  const SetAsideReport::AtEnd also_what_ends_it(set_aside, run.session.data);
  ranks.note(concat("the evaluation of ", folder), 0);
  const Evaluation evaluation = evaluate_recipe(run.session, split_named(chosen), ranks);
  if (keeps == Keeps::record && ranks.rank() == 0) keep_record(run, chosen, evaluation, observer);
  return {folder, chosen, evaluation, run.lock, run.weights};
}

}  // namespace weft::host
