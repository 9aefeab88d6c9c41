// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/defaults.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "host/base/text.hpp"
#include "host/recipe/expectation.hpp"
#include "host/recipe/walker.hpp"

namespace weft::host {
namespace {

/// An object that defaults may fill, and the schema's properties for it.
struct Target {
  Value* object;
  const Value* properties;
};

/// Fills a key of `object`, or of objects below it. True if anything was taken.
bool fill(Value& object, const std::string& key, const Value& standard) {
  Value* given = object.find(key);
  if (given == nullptr) {
    object.set(key, standard);
    return true;
  }
  if (given->is_null()) {
    object.erase(key);
    return true;
  }
  bool taken = false;
  if (given->object() != nullptr)
    for (const Member& member : standard.members())
      taken = fill(*given, member.key, member.value) || taken;
  return taken;
}

/// @param what  "stage" or "field"
void fill_all(const Value& defaults, const char* what, const std::vector<Target>& targets,
              bool expect_all_taken, Findings& findings) {
  for (const Member& standard : defaults.members()) {
    bool known = false, taken = false;
    std::vector<std::string> all_keys;
    for (const Target& target : targets) {
      for (std::string& key : keys(*target.properties))
        if (std::ranges::find(all_keys, key) == all_keys.end()) all_keys.push_back(std::move(key));
      if (target.properties->find(standard.key) == nullptr) continue;
      known = true;
      taken = fill(*target.object, standard.key, standard.value) || taken;
    }
    if (taken || (known && !expect_all_taken)) continue;
    findings.add(standard.value.place(), child(concat("/defaults/", what), standard.key),
                 known
                     ? concat("nothing takes this default: every ", what,
                              " that knows the key gives its own. Remove it.")
                     : concat("no ", what, " knows this key.", suggestion(standard.key, all_keys)));
  }
}

std::vector<Target> stages_of(const Value& schema, Value& recipe) {
  const Value& properties = *resolve_reference(schema, "#/$defs/whole_stage").find("properties");
  std::vector<Target> targets;
  Value* stages = recipe.find("stages");
  if (stages != nullptr && stages->list() != nullptr)
    for (Value& stage : *stages->list())
      if (stage.object() != nullptr) targets.push_back({&stage, &properties});
  return targets;
}

/// The properties of fields of one kind; null if there is no such kind.
const Value* properties_of_kind(const Value& schema, const Value& field) {
  const Value* kind = field.find("kind");
  if (kind == nullptr || kind->text() == nullptr) return nullptr;
  for (const Value* one : alternatives(schema, resolve_reference(schema, "#/$defs/whole_field")))
    if (const Member* own = discriminator(*one);
        own && *own->value.find("const")->text() == *kind->text())
      return one->find("properties");
  return nullptr;
}

std::vector<Target> fields_of(const Value& schema, Value& recipe) {
  std::vector<Target> targets;
  Value* data = recipe.find("data");
  if (data == nullptr || data->object() == nullptr) return targets;
  for (Member& section : *data->object()) {
    Value* fields = section.value.find("fields");
    if (fields == nullptr || fields->object() == nullptr) continue;
    for (Member& field : *fields->object())
      if (const Value* properties = properties_of_kind(schema, field.value))
        targets.push_back({&field.value, properties});
  }
  return targets;
}

}  // namespace

void fill_defaults(const Value& schema, Value& recipe, bool expect_all_taken, Findings& findings) {
  Value* defaults = recipe.find("defaults");
  if (defaults == nullptr || defaults->object() == nullptr) return;
  const auto take = [&](const char* what, const std::vector<Target>& targets) {
    const Value* values = defaults->find(what);
    if (values == nullptr || values->object() == nullptr) return;
    const Value own = *values;
    fill_all(own, what, targets, expect_all_taken, findings);
    defaults->erase(what);
  };
  take("stage", stages_of(schema, recipe));
  take("field", fields_of(schema, recipe));
  if (defaults->members().empty()) recipe.erase("defaults");
}

}  // namespace weft::host
