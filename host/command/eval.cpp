// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iostream>

#include "host/base/text.hpp"
#include "host/checkpoint/checkpoint.hpp"
#include "host/checkpoint/run_folder.hpp"
#include "host/command/migration.hpp"
#include "host/command/results.hpp"
#include "host/command/session.hpp"
#include "host/command/set_aside.hpp"
#include "host/command/verbs.hpp"

namespace weft::host {
namespace {

Result evaluate_run(const Options& options, const std::string& folder) {
  const std::string path = (std::filesystem::path(folder) / "recipe.json").string();
  if (!std::filesystem::exists(path))
    throw Error(Exit::no_input, concat(folder,
                                       " is no run folder: it holds no recipe.json. Give "
                                       "the folder that `weft train` wrote."));
  Recipe recipe = read_recipe(path, {});
  if (recipe.evaluate.data.empty())
    throw Error(Exit::bad_recipe, concat(path, " has no \"evaluate\" section."));
  const std::string split = options.split.empty() ? recipe.evaluate.split : options.split;
  const std::string only = recipe.evaluate.data;
  const Session session = open_session(options, std::move(recipe), only, folder);
  std::optional<Checkpoint> checkpoint = load_latest_checkpoint(folder);
  if (!checkpoint)
    throw Error(Exit::no_input, concat(folder, " holds no checkpoint yet. Train it first."));
  const Dataset& data = session.data.at(only);
  const std::string change =
      changed_data(folder, only, data.fingerprint(), data.tokenizer_fingerprint());
  if (!change.empty()) std::cerr << "warning: " << change << "\n";
  bring_up_to_date(*checkpoint, folder, session);
  session.model->load(checkpoint->model);
  SetAsideReport set_aside;
  const SetAsideReport::AtEnd also_what_ends_it(set_aside, session.data);
  return {folder, split, evaluate_recipe(session, split_named(split))};
}

}  // namespace

void evaluate_runs(const Options& options) {
  std::vector<Result> results;
  for (const std::string& folder : options.operands)
    results.push_back(evaluate_run(options, folder));
  print_results(results, options.json);
}

}  // namespace weft::host
