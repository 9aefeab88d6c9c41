// SPDX-License-Identifier: Apache-2.0
#include "host/command/sweep_trials.hpp"

#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/base/error.hpp"
#include "host/base/fingerprint.hpp"
#include "host/base/printable.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/checkpoint/disk.hpp"
#include "host/checkpoint/run_record.hpp"
#include "host/data/fields/options.hpp"
#include "host/data/storage/shard_names.hpp"
#include "host/graph/expand.hpp"
#include "host/recipe/recipe.hpp"
#include "host/session/inspection.hpp"

namespace weft::host {
namespace {

using OrderedJson = nlohmann::ordered_json;
namespace fs = std::filesystem;

/// The recipe file of a trial: the sweep's own, or one that lays its fragments upon it.
std::string recipe_of(const SweepPlan& plan, const Trial& trial) {
  if (trial.fragment.empty()) return plan.recipe;
  OrderedJson recipe{{"format", 2}, {"extends", fs::absolute(plan.recipe).string()}};
  recipe.update(OrderedJson::parse(trial.fragment));
  const fs::path file = fs::path(plan.folder) / "recipes" / (trial.name + ".json");
  fs::create_directories(file.parent_path());
  write_text(file.string(), recipe.dump(2) + "\n");
  return file.string();
}

void add_shards(const Recipe& recipe, TrialLock& lock) {
  for (const DataPlan& section : recipe.data) {
    const DataOptions options = parse_data_options(section.config);
    std::vector<std::string> entries;
    for (const auto& shards : options.shards)
      entries.insert(entries.end(), shards.begin(), shards.end());
    for (const auto& source : options.blend)
      entries.insert(entries.end(), source.shards.begin(), source.shards.end());
    for (const std::string& file : shard_files(entries, "/data/" + section.name)) {
      struct stat about {};
      if (is_pipe(file) || ::stat(file.c_str(), &about) != 0) continue;
      lock.shards[file] =
          concat(about.st_size, " ", about.st_mtim.tv_sec, ".", about.st_mtim.tv_nsec);
    }
  }
}

TrialLock lock_of(const std::string& file, const std::vector<std::string>& overrides,
                  const Registry& registry) {
  Recipe recipe = inspect_recipe(file, overrides);
  const auto fields = inspect_data(
      recipe, [](const DataPlan&) { return ""; }, [](const DataPlan&) { return true; });
  const Wiring wiring(recipe, registry, fields);
  recipe.problems.require_none(recipe.path);
  TrialLock lock{WEFT_VERSION, {}, {}, {}};
  Fingerprint fingerprint;
  fingerprint.add(compact(expanded(recipe, wiring)));
  lock.recipe = fingerprint.hex();
  for (const Node& node : wiring.nodes())
    lock.parts[node.name] =
        concat(node.instance.part().id, " ", node.instance.part().version.text(), " ",
               node.instance.part().sha256);
  add_shards(recipe, lock);
  return lock;
}

OrderedJson json_of(const TrialLock& lock) {
  return {
      {"host", lock.host}, {"recipe", lock.recipe}, {"parts", lock.parts}, {"shards", lock.shards}};
}

fs::path state_file(const SweepPlan& plan, const Trial& trial) {
  return fs::path(plan.folder) / "trials" / (trial.name + ".json");
}

/// What has changed since the trial was begun, as the end of a sentence; "" for nothing.
std::string changed(const TrialLock& before, const TrialLock& now) {
  std::vector<std::string> what;
  if (before.host != now.host) what.push_back(concat("Weft ", before.host, " is now ", now.host));
  if (before.recipe != now.recipe) what.emplace_back("its recipe is another");
  for (const auto& [node, part] : now.parts) {
    const auto then = before.parts.find(node);
    if (before.recipe == now.recipe && (then == before.parts.end() || then->second != part))
      what.push_back(concat("the plug-in of \"", node, "\" has changed"));
  }
  if (before.shards != now.shards) what.emplace_back("its data has changed");
  return enumerate(what);
}

/// Takes over what SWEEP/trials/NAME.json says. @return the lock that it was begun with
std::optional<TrialLock> read_state(const fs::path& file, TrialState& state) {
  std::ifstream in(file);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  try {
    const nlohmann::json json = parse_strictly(text.str());
    const nlohmann::json& lock = json.at("lock");
    json.at("status").get_to(state.status);
    json.at("exit").get_to(state.exit);
    json.at("message").get_to(state.message);
    json.at("seconds").get_to(state.seconds);
    for (const auto& [name, value] : json.at("values").items())
      state.values[name] = value.is_null() ? NAN : value.get<double>();
    return TrialLock{lock.at("host"), lock.at("recipe"), lock.at("parts"), lock.at("shards")};
  } catch (const std::exception&) {
    return std::nullopt;  // cut off by a kill: the trial is looked at as if it had just begun
  }
}

/// What the command line overrides in every trial.
std::vector<std::string> overrides_of(const Trial& trial, const Options& options) {
  std::vector<std::string> all = options.overrides;
  all.insert(all.end(), trial.overrides.begin(), trial.overrides.end());
  return all;
}

}  // namespace

std::vector<TrialState> open_trials(const SweepPlan& plan, const Options& options) {
  const Registry registry(search_path(options));
  std::vector<TrialState> states;
  std::string faults, stale;
  for (const Trial& trial : plan.trials) {
    TrialState& state = states.emplace_back();
    state.trial = trial;
    state.trial.overrides = overrides_of(trial, options);
    state.folder = (fs::path(plan.folder) / trial.name).string();
    state.recipe = recipe_of(plan, trial);
    try {
      state.lock = lock_of(state.recipe, state.trial.overrides, registry);
    } catch (const Error& error) {
      faults += concat(faults.empty() ? "" : "\n", "trial ", trial.name, ": ", error.what());
      continue;
    }
    const std::optional<TrialLock> begun = read_state(state_file(plan, trial), state);
    if (!begun || *begun == state.lock) continue;
    if (!options.overwrite)
      stale += concat(stale.empty() ? "" : " ", "Trial ", trial.name,
                      " was begun with something else: ", changed(*begun, state.lock), ".");
    state.status = "new";
    state.values.clear();
    state.seconds = 0;
  }
  if (!faults.empty()) throw Error(Exit::bad_recipe, Error::again(Exit::bad_recipe, faults).what());
  if (!stale.empty())
    throw Error(Exit::cannot_create,
                concat(stale,
                       " Restore it, train these anew with --overwrite, or give another "
                       "folder with --run."));
  return states;
}

void save_trial(const SweepPlan& plan, const TrialState& state) {
  const fs::path file = state_file(plan, state.trial);
  fs::create_directories(file.parent_path());
  const OrderedJson json{{"run", state.folder},
                         {"point", state.trial.point},
                         {"overrides", state.trial.overrides},
                         {"status", state.status},
                         {"exit", state.exit},
                         {"message", state.message},
                         {"seconds", state.seconds},
                         {"values", state.values},
                         {"lock", json_of(state.lock)}};
  write_text(file.string(), json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n");
}

double measured_at(const std::string& run, const std::string& stage, std::int64_t step,
                   const std::string& metric) {
  double value = NAN;
  std::int64_t nearest = std::numeric_limits<std::int64_t>::max();
  for (const nlohmann::json& event : events_of(OpenFolder(run))) {
    if (event["event"] != "measure" || event.value("stage", "") != stage) continue;
    const std::int64_t at = event.value("step", std::int64_t{0});
    if (at < step || at > nearest || !event.contains("values")) continue;
    const nlohmann::json found = event["values"].value(metric, nlohmann::json());
    nearest = at;
    value = found.is_number() ? found.get<double>() : NAN;
  }
  return value;
}

std::map<std::string, double> evaluated(const std::string& run) {
  std::map<std::string, double> values;
  for (const nlohmann::json& event : events_of(OpenFolder(run))) {
    if (event["event"] != "evaluation" || !event.contains("values")) continue;
    values.clear();
    for (const auto& [name, value] : event["values"].items())
      values[name] = value.is_number() ? value.get<double>() : NAN;
  }
  return values;
}

}  // namespace weft::host
