// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/recipe.hpp"

#include <cassert>
#include <memory>
#include <utility>

#include "host/recipe/defaults.hpp"
#include "host/recipe/document.hpp"
#include "host/recipe/findings.hpp"
#include "host/recipe/meaning.hpp"
#include "host/recipe/parse.hpp"
#include "host/recipe/path.hpp"
#include "host/recipe/plan.hpp"
#include "host/recipe/schema.hpp"
#include "host/recipe/walker.hpp"

namespace weft::host {
namespace {

/// The published schema, parsed once; its "#/$defs/recipe" is a whole recipe.
const Value& parsed_schema() {
  static const Value schema = [] {
    Findings findings;
    auto parsed = parse_json(recipe_schema(), std::make_shared<std::string>("schema"), findings);
    assert(parsed && "schemas/recipe.schema.json is JSON");
    return std::move(*parsed);
  }();
  return schema;
}

using Resolve = std::function<std::string(const std::string&, const Origin&)>;

/// Also fills in defaults and makes paths absolute.
/// @return the pointers of the paths
std::vector<std::string> check_schema(const Value& schema, Value& recipe, const Resolve& resolve,
                                      Findings& findings) {
  std::vector<std::string> paths;
  WalkHooks hooks;
  hooks.report = [&](const Value& value, const std::string& pointer, const std::string& text) {
    const bool lacks_base = findings.all().is_wrong_at(child(pointer, "extends"));
    if (lacks_base && text.starts_with("missing key")) return;  // what it extends may have it
    findings.add(value.origin, pointer, text);
  };
  hooks.unknown_key = [&](const Value& value, const std::string& pointer, const std::string& text) {
    findings.add(value.place(), pointer, text);
  };
  hooks.is_full = [&] { return findings.all().is_full(); };
  hooks.path = [&](Value& path, const std::string& pointer) {
    const std::string refusal = refuse_path(*path.text());
    if (!refusal.empty()) return findings.add(path.origin, pointer, refusal);
    path.data = resolve(*path.text(), path.origin);
    paths.push_back(pointer);
  };
  walk(schema, resolve_reference(schema, "#/$defs/recipe"), recipe, "", hooks);
  return paths;
}

}  // namespace

Problem Recipe::locate(const std::string& pointer, const std::string& text) const {
  std::string enclosing = pointer;
  while (!enclosing.empty() && !places.contains(enclosing))
    enclosing.resize(
        enclosing.find_last_of('/') == std::string::npos ? 0 : enclosing.find_last_of('/'));
  const auto place = places.find(enclosing);
  if (place == places.end()) return {path, 0, pointer, text};
  return {place->second.file, place->second.line, pointer, text, place->second.column};
}

Problem Recipe::locate_key(const std::string& pointer, const std::string& text) const {
  const auto place = key_places.find(pointer);
  if (place == key_places.end()) return locate(pointer, text);
  return {place->second.file, place->second.line, pointer, text, place->second.column};
}

Recipe inspect_recipe(const std::string& path, const std::vector<std::string>& overrides,
                      const Resolve& resolve) {
  Findings findings;
  auto [root, warning, is_changed] = read_document(path, overrides, findings);
  const Value& schema = parsed_schema();
  fill_defaults(schema, root, /*expect_all_taken=*/!is_changed, findings);
  findings.end_phase();
  std::vector<std::string> paths =
      check_schema(schema, root, resolve ? resolve : resolve_path, findings);
  findings.end_phase();
  const bool is_small = check_meaning(root, schema, findings);
  if (!is_small || findings.all().is_full()) findings.require_none(path);
  Recipe recipe = make_recipe(path, root, findings.all());
  recipe.paths = std::move(paths);
  recipe.is_changed = is_changed;
  recipe.is_format_1 = warning.has_value();
  if (warning) recipe.notes.push_back(*warning);
  return recipe;
}

Recipe read_recipe(const std::string& path, const std::vector<std::string>& overrides,
                   const Resolve& resolve) {
  Recipe recipe = inspect_recipe(path, overrides, resolve);
  recipe.problems.require_none(path);
  return recipe;
}

}  // namespace weft::host
