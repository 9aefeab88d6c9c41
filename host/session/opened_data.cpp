// SPDX-License-Identifier: Apache-2.0
#include "host/session/opened_data.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "host/base/text.hpp"
#include "host/data/dataset/first_example.hpp"

namespace weft::host {
namespace {

/// A section, one of its parts, and what evaluation groups by.
using UsedPart = std::tuple<std::string, Split, std::string>;

std::set<UsedPart> used_parts(const Recipe& recipe, bool trains) {
  std::set<UsedPart> parts;
  for (const StagePlan& stage : recipe.stages) {
    if (!trains) break;
    parts.emplace(stage.data, Split::train, "");
    if (!stage.metrics.empty()) parts.emplace(stage.data, Split::val, "");
  }
  const EvaluationPlan& evaluate = recipe.evaluate;
  if (!evaluate.data.empty())
    parts.emplace(evaluate.data, split_named(evaluate.split), evaluate.group_by);
  return parts;
}

/// Collects problems of sections that may share their shards: what is said once is said.
class Collection {
 public:
  explicit Collection(const Recipe& recipe) : recipe_(recipe) {}

  void add(const std::string& pointer, const std::string& text, Exit exit) {
    if (!said_.insert(text).second) return;
    problems_.add(recipe_.locate(pointer, text), exit);
  }
  void add(const std::string& pointer, const Error& error) {
    add(pointer, error.what(), error.exit());
  }
  void require_none() const { problems_.require_none(recipe_.path); }

 private:
  const Recipe& recipe_;
  std::set<std::string> said_;
  Problems problems_;
};

/// The section with the swap_within of one field alone, or of none.
DataPlan with_swap_of(const std::string& field, const DataPlan& plan) {
  DataPlan changed = plan;
  auto section = nlohmann::json::parse(plan.config);
  for (auto& [name, one] : section.at("fields").items())
    if (name != field) one.erase("swap_within");
  changed.config = section.dump();
  return changed;
}

/// A section whose exchange leads nowhere does not open, and hides what is wrong beside it.
/// @param found  why it does not open
/// @return  the section without exchange, unless it does not open either
std::optional<Dataset> open_without_swaps(const DataPlan& plan,
                                          const std::function<Dataset(const DataPlan&)>& open,
                                          const Error& found, Collection& problems) {
  std::optional<Dataset> data;
  bool is_told = false;
  try {
    data = open(with_swap_of("", plan));
    const auto section = nlohmann::json::parse(plan.config);
    for (const auto& [name, field] : section.at("fields").items()) {
      if (!field.contains("swap_within")) continue;
      try {
        open(with_swap_of(name, plan));
      } catch (const Error& error) {
        problems.add(concat(plan.place.pointer, "/fields/", name, "/swap_within"), error);
        is_told = true;
      }
    }
  } catch (const Error&) {  // it is not the exchange
  }
  if (!is_told) problems.add(plan.place.pointer, found);
  return data;
}

}  // namespace

std::map<std::string, Dataset> open_data(const Recipe& recipe, const std::set<std::string>& names,
                                         const std::function<Dataset(const DataPlan&)>& open,
                                         bool trains) {
  Collection problems(recipe);
  std::map<std::string, Dataset> data;
  for (const DataPlan& plan : recipe.data) {
    if (!names.contains(plan.name)) continue;
    try {
      data.emplace(plan.name, open(plan));
    } catch (const Error& error) {
      if (error.exit() == Exit::usage) throw;  // the command line's fault, not the recipe's
      if (auto rest = open_without_swaps(plan, open, error, problems))
        data.emplace(plan.name, std::move(*rest));
    }
  }
  for (const auto& [name, split, by] : used_parts(recipe, trains)) {
    const auto section = data.find(name);
    if (section == data.end()) continue;
    for (const Found& found : look_at_first_example(section->second, split, by))
      problems.add(found.problem.pointer, found.problem.text, found.exit);
  }
  problems.require_none();
  return data;
}

std::vector<Problem> note_large_batches(const Recipe& recipe,
                                        const std::map<std::string, Dataset>& data) {
  std::vector<Problem> notes;
  for (const StagePlan& stage : recipe.stages) {
    const auto section = data.find(stage.data);
    const std::int64_t size = section == data.end() ? 0 : section->second.size(Split::train);
    if (size > 0 && stage.batch_size > size)
      notes.push_back(recipe.locate(stage.place.pointer + "/batch_size",
                                    concat("a batch of ", stage.batch_size, " is larger than the ",
                                           size, " examples of data \"", stage.data,
                                           "\": every batch holds some of them several times.")));
  }
  return notes;
}

Split split_named(const std::string& name) {
  return name == "train" ? Split::train : name == "val" ? Split::val : Split::test;
}

}  // namespace weft::host
