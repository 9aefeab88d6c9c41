// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/run_folder.hpp"
#include "host/command/migration.hpp"
#include "host/command/results.hpp"
#include "host/command/session.hpp"
#include "host/command/set_aside.hpp"
#include "host/command/verbs.hpp"
#include "host/recipe/kept.hpp"

namespace weft::host {
namespace {

void warn(const std::string& sentence) {
  std::cerr << "warning: " << printable(sentence, k_sentence_bytes) << "\n";
}

Recipe recipe_of(const Options& options, const OpenFolder& run) {
  if (!run.has_file("recipe.json"))
    throw Error(Exit::no_input, concat(run.path(),
                                       " is no run folder: it holds no recipe.json. Give "
                                       "the folder that `weft train` wrote."));
  Recipe recipe = read_kept(run.path(), folder_when_written(run), options.overrides);
  if (recipe.evaluate.data.empty())
    throw Error(Exit::bad_recipe, concat(recipe.path, " has no \"evaluate\" section."));
  return recipe;
}

/// Tells, or with --locked refuses, what is not as it was in training.
void compare(const Options& options, const OpenFolder& run, const RunLock& lock) {
  const std::vector<std::string> changes = changes_on_evaluating(run, lock);
  if (options.locked && !changes.empty())
    throw Error(Exit::bad_checkpoint,
                concat(changes.front(),
                       changes.size() > 1 ? concat(" So have ", changes.size() - 1, " more.") : "",
                       " Restore what it was, or leave --locked out."));
  for (const std::string& change : changes) warn(change);
}

Result evaluate_run(const Options& options, const std::string& folder) {
  const OpenFolder run(folder);
  Recipe recipe = recipe_of(options, run);
  const std::string split = options.split.empty() ? recipe.evaluate.split : options.split;
  const std::string only = recipe.evaluate.data;
  const Session session = open_session(options, std::move(recipe), only, folder);
  std::optional<Checkpoint> checkpoint = newest_checkpoint(run, stage_names(session.recipe), warn);
  if (!checkpoint)
    throw Error(Exit::no_input, concat(folder, " holds no checkpoint yet. Train it first."));
  const RunLock lock = lock_of(session, folder);
  compare(options, run, lock);
  bring_up_to_date(*checkpoint, folder, session);
  session.model->load(checkpoint->model);
  SetAsideReport set_aside;
  const SetAsideReport::AtEnd also_what_ends_it(set_aside, session.data);
  return {folder,
          split,
          evaluate_recipe(session, split_named(split)),
          lock,
          {checkpoint->stage, checkpoint->step, checkpoint->model_xxh3}};
}

}  // namespace

void evaluate_runs(const Options& options) {
  std::vector<Result> results;
  for (const std::string& folder : options.operands)
    results.push_back(evaluate_run(options, folder));
  print_results(results, options.json);
}

}  // namespace weft::host
