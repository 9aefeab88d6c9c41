// SPDX-License-Identifier: Apache-2.0
#include "host/session/inspection.hpp"

#include "host/base/text.hpp"
#include "host/data/dataset/shard_heads.hpp"
#include "host/data/fields/field.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {
namespace {

/// Adds a problem at the line where the recipe has its pointer.
void add(Recipe& recipe, const std::string& pointer, const std::string& text, Exit exit) {
  recipe.problems.add(recipe.locate(pointer, text), exit);
}

}  // namespace

std::map<std::string, std::vector<FieldSpec>> inspect_data(
    Recipe& recipe, const std::function<std::string(const DataPlan&)>& kept,
    const std::function<bool(const DataPlan&)>& looks) {
  std::map<std::string, std::vector<FieldSpec>> fields;
  for (const DataPlan& plan : recipe.data) {
    const std::string pointer = "/data/" + plan.name;
    try {
      if (looks(plan))
        for (const Found& found : look_at_shards(pointer, parse_data_options(plan.config)))
          add(recipe, found.problem.pointer, found.problem.text, found.exit);
      fields[plan.name] = field_specs(plan.config, kept(plan));
    } catch (const SectionError& error) {
      for (const SectionProblem& one : error.problems())
        add(recipe, pointer + one.pointer, one.text, error.exit());
    } catch (const Error& error) {
      // Beside the shards a section names one file, its tokenizer.
      const bool is_section = error.exit() == Exit::bad_recipe;
      add(recipe, is_section ? pointer : pointer + "/tokenizer/file", error.what(), error.exit());
    }
  }
  return fields;
}

}  // namespace weft::host
