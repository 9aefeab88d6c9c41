// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/recipe.hpp"

#include <cassert>
#include <memory>

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

/// The published schema; its "#/$defs/recipe" is a whole recipe.
Value parsed_schema() {
  Findings findings;
  auto schema = parse_json(recipe_schema(), std::make_shared<std::string>("schema"), findings);
  assert(schema && "schemas/recipe.schema.json is JSON");
  return std::move(*schema);
}

/// Also fills in defaults and makes paths absolute.
void check_schema(Value& recipe, Findings& findings) {
  const Value schema = parsed_schema();
  WalkHooks hooks;
  hooks.report = [&](const Value& value, const std::string& pointer, const std::string& text) {
    findings.add(value.origin, pointer, text);
  };
  hooks.path = [&](Value& path, const std::string& pointer) {
    const std::string refusal = refuse_url(*path.text());
    if (!refusal.empty()) return findings.add(path.origin, pointer, refusal);
    path.data = resolve_path(*path.text(), path.origin);
  };
  walk(schema, resolve_reference(schema, "#/$defs/recipe"), recipe, "", hooks);
}

}  // namespace

Problem Recipe::locate(const std::string& pointer, const std::string& text) const {
  std::string enclosing = pointer;
  while (!enclosing.empty() && !places.contains(enclosing))
    enclosing.resize(
        enclosing.find_last_of('/') == std::string::npos ? 0 : enclosing.find_last_of('/'));
  const auto place = places.find(enclosing);
  if (place == places.end()) return {path, 0, pointer, text};
  return {place->second.file, place->second.line, pointer, text};
}

Recipe read_recipe(const std::string& path, const std::vector<std::string>& overrides) {
  Findings findings;
  Value root = read_document(path, overrides, findings);
  findings.end_phase();
  check_schema(root, findings);
  findings.end_phase();
  check_meaning(root, findings);
  findings.require_none(path);
  return make_recipe(path, root);
}

}  // namespace weft::host
