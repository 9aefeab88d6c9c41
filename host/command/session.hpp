// SPDX-License-Identifier: Apache-2.0
/// What training and evaluation both set up: parts, data and model of a recipe.

#pragma once

#include <memory>
#include <string>

#include "host/checkpoint/run_lock.hpp"
#include "host/command/opened_data.hpp"
#include "host/command/options.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/evaluation/evaluate.hpp"
#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

struct Session {
  Recipe recipe;
  std::unique_ptr<Registry> registry;
  std::map<std::string, Dataset> data;  ///< by the section's name, those that are used
  std::unique_ptr<Model> model;
};

/// Where tokenizers and what is known of shards are kept between runs: $XDG_CACHE_HOME/weft, or
/// ~/.cache/weft.
std::string cache_folder();

/// What --allow-commands says of the commands that data is read from.
Commands commands_of(const Options& options);

/// Loads the plug-ins, checks the recipe, opens its data and creates the parameters.
/// @param recipe   of inspect_recipe(): what is wrong with it is told with the rest
/// @param threads  0: the recipe's, else the machine's
/// @param only     open only this data section; empty: all that the recipe uses
/// @param run      the run folder whose tokenizers take the place of the recipe's; or empty
Session open_session(const Options& options, Recipe recipe, const std::string& only = "",
                     const std::string& run = "");

/// Evaluates on the recipe's evaluation data.
Evaluation evaluate_recipe(const Session& session, Split split);

/// What weft.lock is to say of the session in a run's folder.
RunLock lock_of(const Session& session, const std::string& folder);

/// In their order.
std::vector<std::string> stage_names(const Recipe& recipe);

/// Path → sizes of every parameter and buffer.
std::map<std::string, std::vector<std::int64_t>> shapes_of(const Model& model);
/// Which part, at which state version, holds each node's weights.
std::map<std::string, std::pair<std::string, int>> parts_of(const Model& model);

}  // namespace weft::host
