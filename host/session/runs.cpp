// SPDX-License-Identifier: Apache-2.0
#include "host/session/runs.hpp"

#include <algorithm>
#include <filesystem>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/data/text/tokenizer_file.hpp"
#include "host/graph/wiring.hpp"
#include "host/recipe/kept.hpp"
#include "host/report/events.hpp"
#include "host/session/inspection.hpp"
#include "host/session/migration.hpp"
#include "host/session/other_runs.hpp"
#include "host/session/set_aside.hpp"
#include "host/session/settings.hpp"
#include "host/session/stages.hpp"

namespace weft::host {
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

}  // namespace

void check_recipe(const std::string& recipe_file, const SessionSettings& settings) {
  Recipe recipe = inspect_recipe(recipe_file, settings.overrides);
  const Registry registry(plugin_folders(settings));
  const auto fields = inspect_data(
      recipe, [](const DataPlan&) { return ""; }, [](const DataPlan&) { return true; });
  const Wiring wiring(recipe, registry, fields);
  recipe.problems.require_none(recipe.path);
}

std::optional<Result> train_run(const std::string& recipe_file, const SessionSettings& settings,
                                const TrainSettings& train, Observer& observer) {
  Recipe recipe = inspect_recipe(recipe_file, settings.overrides);
  const std::string folder = train.run.empty() ? "runs/" + recipe.name : train.run;
  const bool begun = train.mode == RunFolder::Mode::resume && holds_run(folder);
  Session session =
      open_session(settings, std::move(recipe), Opens::all, begun ? folder : "", observer);
  RunFolder run(folder, train.mode);
  const RunLock lock = lock_of(session, folder);
  const std::optional<Resumed> resumed =
      begun ? resume_from(session, run.folder(), lock, observer) : std::nullopt;
  for (const auto& [name, data] : session.data)
    if (!data.tokenizer_path().empty())
      run.keep_tokenizer(name, read_tokenizer_file(data.tokenizer_path()));
  const int segment = run.go_on(kept_text(session.recipe, folder), lock);
  run.folder().remove_file("crash.txt");  // of the attempt before
  observer.run_begins(folder);
  EventWriter events(run.folder(), "events.jsonl");
  begin(run, session, resumed, events, segment);
  SetAsideReport set_aside(observer, run.folder());
  set_aside.tell(session.data);
  const SetAsideReport::AtEnd also_what_ends_it(set_aside, session.data);
  const SavedWeights weights =
      train_stages({session, run.folder(), events, observer, set_aside, train.stop},
                   resumed ? &resumed->checkpoint : nullptr);

  const EvaluationPlan& plan = session.recipe.evaluate;
  if (plan.data.empty()) return std::nullopt;
  if (train.stop != nullptr && *train.stop)
    throw Error(Exit::interrupted,
                "stopped before evaluating; all stages are saved. Go on with --resume.");
  observer.evaluation_begins();
  const Evaluation evaluation = evaluate_recipe(session, split_named(plan.split));
  set_aside.tell(session.data);
  events.write("evaluation", {{"split", plan.split}, {"values", evaluation.all}});
  return Result{folder, plan.split, evaluation, lock, weights};
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
  if (!run.has_file("recipe.json"))
    throw Error(Exit::no_input, concat(run.path(),
                                       " is no run folder: it holds no recipe.json. Give "
                                       "the folder that `weft train` wrote."));
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

Result evaluate_run(const std::string& folder, const SessionSettings& settings,
                    const std::string& split, bool locked, Observer& observer) {
  const TrainedRun run = open_run(folder, settings, Opens::evaluated, locked, observer);
  const std::string chosen = split.empty() ? run.session.recipe.evaluate.split : split;
  SetAsideReport set_aside(observer);
  const SetAsideReport::AtEnd also_what_ends_it(set_aside, run.session.data);
  return {folder, chosen, evaluate_recipe(run.session, split_named(chosen)), run.lock, run.weights};
}

}  // namespace weft::host
