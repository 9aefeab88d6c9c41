// SPDX-License-Identifier: Apache-2.0
#include "host/command/computing/data_section.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/command/computing/console.hpp"
#include "host/session/session.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// Opens the section with these values in place of its own.
Dataset open_with(const DataPlan& plan, const Json& changes, Commands commands) {
  Json section = Json::parse(plan.config);
  section.merge_patch(changes);
  return Dataset::open(plan.name, section.dump(), cache_folder(), nullptr, "", commands);
}

}  // namespace

std::vector<DataPlan> chosen_sections(const Options& options, const Recipe& recipe) {
  if (options.data.empty()) return recipe.data;
  std::vector<std::string> names;
  for (const DataPlan& plan : recipe.data) {
    if (plan.name == options.data) return {plan};
    names.push_back(plan.name);
  }
  throw Error(Exit::bad_recipe, concat(recipe.path, " has no data section \"", options.data, "\".",
                                       suggestion(options.data, names)));
}

DataPlan chosen_section(const Options& options, const Recipe& recipe) {
  return options.data.empty()
             ? *std::ranges::find(recipe.data, recipe.stages.front().data, &DataPlan::name)
             : chosen_sections(options, recipe).front();
}

Dataset open_section(const Options& options, const DataPlan& plan, bool tolerant, bool cached) {
  Json changes = Json::object();
  if (tolerant) changes["on_bad_sample"] = {{"skip", 1.0}};
  if (!cached) changes["loading"]["cache"] = 0;
  return open_with(plan, changes, commands_of(options));
}

Dataset open_listed(const DataPlan& plan) {
  return open_with(plan, {{"on_bad_sample", {{"skip", 1.0}}}, {"stream", false}},
                   Commands::left_out);
}

std::string counted(std::int64_t count, const std::string& thing) {
  return concat(count, ' ', thing, count == 1 ? "" : "s");
}

}  // namespace weft::host
