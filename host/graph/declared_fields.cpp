// SPDX-License-Identifier: Apache-2.0
#include "host/graph/declared_fields.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace weft::host {
namespace {

/// Each field with its section.
std::vector<std::pair<std::string, std::string>> declarations(const Recipe& recipe) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [pointer, place] : recipe.places)
    if (const std::vector<std::string> keys = segments(pointer);
        keys.size() == 4 && keys[0] == "data" && keys[2] == "fields")
      found.emplace_back(keys[1], keys[3]);
  return found;
}

bool has(const FieldsByData& data, const std::string& section, const std::string& field) {
  const auto fields = data.find(section);
  return fields != data.end() &&
         std::ranges::find(fields->second, field, &FieldSpec::name) != fields->second.end();
}

/// Whether it is not known which fields a section has.
bool is_unknown(const Problems& problems, const std::string& section) {
  const std::string pointer = child("/data", section);
  return problems.is_wrong_at(pointer) || problems.is_wrong_at(child(pointer, "fields")) ||
         problems.is_wrong_at(child(pointer, "extends"));
}

}  // namespace

std::set<std::string> declared_fields(const Recipe& recipe) {
  std::set<std::string> names;
  for (const auto& [section, field] : declarations(recipe)) names.insert(field);
  return names;
}

bool is_perhaps_faulty(const Recipe& recipe, const FieldsByData& data, const std::string& field) {
  const Problems& problems = recipe.problems;
  if (!problems.is_wrong("/data")) return false;
  if (problems.is_wrong_at("/data")) return true;
  for (const auto& [pointer, place] : recipe.places)
    if (const std::vector<std::string> keys = segments(pointer);
        keys.size() == 2 && keys[0] == "data" && is_unknown(problems, keys[1]))
      return true;
  return std::ranges::any_of(declarations(recipe), [&](const auto& declared) {
    const auto& [section, name] = declared;
    return !has(data, section, name) && (field == name || field.starts_with(name + "_"));
  });
}

}  // namespace weft::host
