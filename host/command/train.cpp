// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>

#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/run_folder.hpp"
#include "host/command/process.hpp"
#include "host/command/results.hpp"
#include "host/command/session.hpp"
#include "host/command/set_aside.hpp"
#include "host/command/settings.hpp"
#include "host/command/stages.hpp"
#include "host/command/verbs.hpp"
#include "host/data/text/tokenizer_file.hpp"
#include "host/recipe/kept.hpp"
#include "host/registry/crash_report.hpp"
#include "host/report/events.hpp"
#include "host/report/progress.hpp"

namespace weft::host {
namespace {

void warn(const std::string& sentence) {
  std::cerr << "warning: " << printable(sentence, k_sentence_bytes) << "\n";
}

void note(const std::string& sentence) {
  std::cerr << "note: " << printable(sentence, k_sentence_bytes) << "\n";
}

/// The settings that the run was trained with so far; nothing, told, where they cannot be read.
std::optional<Recipe> settings_of(const OpenFolder& run) {
  try {
    return read_kept(run.path(), folder_when_written(run), {});
  } catch (const RecipeError& error) {
    warn(concat("what changes cannot be said: ", error.what()));
    return std::nullopt;
  }
}

struct Resumed {
  Checkpoint checkpoint;
  std::vector<std::string> changed;  ///< pointers of the settings
};

/// The run's newest checkpoint, its weights loaded, if the recipe goes on from it. Nothing in the
/// folder is changed, so that a refused run is as it was.
std::optional<Resumed> resume_from(const Session& session, const OpenFolder& run,
                                   const RunLock& lock) {
  const std::vector<std::string> stages = stage_names(session.recipe);
  std::optional<Checkpoint> checkpoint = newest_checkpoint(run, stages, warn);
  if (!checkpoint) {
    note(concat("no checkpoint was saved in ", run.path(), " yet: the run begins anew."));
    return std::nullopt;
  }
  migrate_aloud(*checkpoint, run.path(), session);
  if (std::ranges::find(stages, checkpoint->stage) == stages.end())
    throw Error(
        Exit::bad_checkpoint,
        concat("the newest checkpoint in ", run.path(), " is of stage \"", checkpoint->stage,
               "\", which the recipe does not have.", suggestion(checkpoint->stage, stages),
               " Use the recipe that it was trained with, or another run folder."));
  const std::vector<std::string> told = changes_on_resuming(run, lock);
  std::vector<std::string> changed;
  if (const std::optional<Recipe> before = settings_of(run))
    for (const Difference& difference :
         changed_settings(run.path(), *before, session.recipe, *checkpoint)) {
      note(concat("goes on with another setting: ", difference.text(), "."));
      changed.push_back(difference.pointer);
    }
  for (const std::string& change : told) warn(change);
  session.model->load(checkpoint->model);
  return Resumed{std::move(*checkpoint), changed};
}

}  // namespace

void train(const Options& options) {
  if (options.resume && options.overwrite)
    throw Error(Exit::usage, "--resume goes on with a run and --overwrite replaces it: give one.");
  Recipe recipe = inspect_recipe(options.operands[0], options.overrides);
  const std::string folder = options.run.empty() ? "runs/" + recipe.name : options.run;
  const bool begun = options.resume && holds_run(folder);
  Session session = open_session(options, std::move(recipe), "", begun ? folder : "");
  RunFolder run(folder, options.resume      ? RunFolder::Mode::resume
                        : options.overwrite ? RunFolder::Mode::overwrite
                                            : RunFolder::Mode::create);
  const RunLock lock = lock_of(session, folder);
  const std::optional<Resumed> resumed =
      begun ? resume_from(session, run.folder(), lock) : std::nullopt;
  for (const auto& [name, data] : session.data)
    if (!data.tokenizer_path().empty())
      run.keep_tokenizer(name, read_tokenizer_file(data.tokenizer_path()));
  const int segment = run.go_on(kept_text(session.recipe, folder), lock);
  run.folder().remove_file("crash.txt");  // of the attempt before
  report_crashes(std::filesystem::absolute(run.folder().path_of("crash.txt")));
  EventWriter events(run.folder(), "events.jsonl");
  if (resumed) {
    name_latest(run.folder(), resumed->checkpoint);
    events.write("resumed", {{"stage", resumed->checkpoint.stage},
                             {"step", resumed->checkpoint.step},
                             {"segment", std::int64_t{segment}},
                             {"changed", resumed->changed}});
  }
  events.write("start", {{"recipe", session.recipe.path}, {"name", session.recipe.name}});
  Progress progress(options.quiet ? Progress::Style::silent : Progress::Style::automatic);
  SetAsideReport set_aside(run.folder());
  set_aside.tell(session.data);
  const SetAsideReport::AtEnd also_what_ends_it(set_aside, session.data);
  const std::atomic<bool>& stop = stop_on_signals();
  const Result::Weights weights =
      train_stages({session, run.folder(), events, progress, set_aside, stop},
                   resumed ? &resumed->checkpoint : nullptr);

  if (session.recipe.evaluate.data.empty()) return;
  if (stop)
    throw Error(Exit::interrupted,
                "stopped before evaluating; all stages are saved. Go on with --resume.");
  end_on_signals(
      "weft: error: stopped while evaluating; all stages are saved. Go on with --resume.\n");
  const Split split = split_named(session.recipe.evaluate.split);
  const Evaluation evaluation = evaluate_recipe(session, split);
  set_aside.tell(session.data);
  events.write("evaluation",
               {{"split", session.recipe.evaluate.split}, {"values", evaluation.all}});
  print_results({{folder, session.recipe.evaluate.split, evaluation, lock, weights}}, options.json);
}

}  // namespace weft::host
