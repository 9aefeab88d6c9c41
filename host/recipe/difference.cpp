// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/difference.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "host/base/text.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// Stages become an object, so that they are compared by name.
Json parsed(const std::string& text) {
  Json recipe = Json::parse(text);
  const auto list = recipe.find("stages");
  if (list == recipe.end()) return recipe;
  Json stages = Json::object();
  for (const Json& stage : *list) stages[stage.at("name")] = stage;
  *list = std::move(stages);
  return recipe;
}

std::string shown_value(const Json* value) {
  if (value == nullptr) return "";
  return value->dump(-1, ' ', false, Json::error_handler_t::replace);
}

void compare(const Json* before, const Json* now, const std::string& pointer,
             std::vector<Difference>& found) {
  if (before != nullptr && now != nullptr && *before == *now) return;
  const bool both = before != nullptr && now != nullptr && before->is_object() && now->is_object();
  if (!both) {
    found.push_back({pointer, shown_value(before), shown_value(now)});
    return;
  }
  std::set<std::string> keys;
  for (const Json* object : {before, now})
    for (const auto& [key, value] : object->items()) keys.insert(key);
  const auto member = [](const Json& object, const std::string& key) {
    const auto found_at = object.find(key);
    return found_at == object.end() ? nullptr : &*found_at;
  };
  for (const std::string& key : keys)
    compare(member(*before, key), member(*now, key), child(pointer, key), found);
}

std::string cut(const std::string& value) {
  if (value.empty()) return "nothing";
  return value.size() <= 60 ? value : value.substr(0, 57) + "...";
}

}  // namespace

std::string Difference::text() const {
  return concat(pointer, ": was ", cut(before), ", is ", cut(now));
}

std::vector<Difference> differences(const std::string& before, const std::string& now) {
  const Json one = parsed(before), two = parsed(now);
  std::vector<Difference> found;
  compare(&one, &two, "", found);
  return found;
}

}  // namespace weft::host
