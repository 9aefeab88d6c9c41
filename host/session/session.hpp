// SPDX-License-Identifier: Apache-2.0
/// What training, evaluation and prediction set up: parts, data and model of a recipe.

#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/checkpoint/run_lock.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/engine/comm/collective.hpp"
#include "host/evaluation/evaluate.hpp"
#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"
#include "host/registry/registry.hpp"
#include "host/session/observer.hpp"
#include "host/session/opened_data.hpp"

namespace weft::host {

/// How a recipe is opened.
struct SessionSettings {
  std::vector<std::string> overrides;          ///< PATH=VALUE, of the recipe
  std::vector<std::filesystem::path> plugins;  ///< folders; empty: default_search_path()
  int threads = 0;                             ///< 0: the recipe's, else the machine's
  std::string device;                          ///< as set_device(); empty: WEFT_DEVICE, else cpu
  int processes = 1;                           ///< that share the machine's threads
  Commands commands = Commands::refused;       ///< that data is read from
};

/// Where plug-ins are looked for.
std::vector<std::filesystem::path> plugin_folders(const SessionSettings& settings);

/// Which data sections are opened.
enum class Opens { all, evaluated, none };

struct Session {
  Recipe recipe;
  std::unique_ptr<Registry> registry;
  std::map<std::string, Dataset> data;  ///< by the section's name, those that are opened
  std::unique_ptr<Model> model;
  std::map<std::string, std::string> runs = {};  ///< folders that views are of → weights' hash
};

/// Where tokenizers and what is known of shards are kept between runs: $XDG_CACHE_HOME/weft, or
/// ~/.cache/weft.
std::string cache_folder();

/// Loads the plug-ins, checks the recipe, opens its data and creates the parameters.
///
/// Two things hold for the whole process afterwards, as LibTorch has them: the number of threads
/// that operations use, and that they are deterministic.
/// @param recipe  of inspect_recipe(): what is wrong with it is told with the rest
/// @param run     the run folder whose tokenizers take the place of the recipe's; or empty
Session open_session(const SessionSettings& settings, Recipe recipe, Opens opens,
                     const std::string& run, Observer& observer);

/// Writes out in Recipe::resolved what parts and wires fill in.
/// @throws RecipeError if it cannot be wired
void fill_in(Recipe& recipe, const Registry& registry);

/// Evaluates on the recipe's evaluation data, with drawings to keep (evaluation_record.hpp).
/// @param ranks  that share it; all of them get the whole
Evaluation evaluate_recipe(const Session& session, Split split, Collective& ranks = one_rank());

/// What weft.lock is to say of the session in a run's folder.
RunLock lock_of(const Session& session, const std::string& folder);

/// In their order.
std::vector<std::string> stage_names(const Recipe& recipe);

/// Path → sizes of every parameter and buffer.
std::map<std::string, std::vector<std::int64_t>> shapes_of(const Model& model);
/// Which part, at which state version, holds each node's weights.
std::map<std::string, std::pair<std::string, int>> parts_of(const Model& model);

}  // namespace weft::host
