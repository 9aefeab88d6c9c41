// SPDX-License-Identifier: Apache-2.0
/// `weft explain RECIPE PATH`: a value of a recipe, and where it comes from.

#include <charconv>
#include <iostream>

#include "host/base/error.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/command/inspected.hpp"
#include "host/command/options.hpp"
#include "host/graph/expand.hpp"
#include "host/recipe/override.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {
namespace {

/// An element by its index or its "name".
std::optional<std::size_t> element(const Value::List& list, const std::string& key) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value* name = list[i].find("name");
    if (std::to_string(i) == key || (name && name->text() && *name->text() == key)) return i;
  }
  return std::nullopt;
}

struct Spot {
  const Value* value;
  std::string pointer;
};

Spot find(const Value& root, const std::string& path) {
  Spot at{&root, ""};
  for (const std::string& key : keys_of_path(path)) {
    const auto index = at.value->list() ? element(*at.value->list(), key) : std::nullopt;
    const Value* next = index ? &at.value->items()[*index] : at.value->find(key);
    if (next == nullptr)
      throw Error(Exit::usage,
                  concat("weft explain: ", at.pointer.empty() ? "the recipe" : at.pointer,
                         " has no \"", key, "\".", suggestion(key, keys(*at.value))));
    at = {next, index ? child(at.pointer, *index) : child(at.pointer, key)};
  }
  return at;
}

std::string place_text(const Place& place) {
  return place.line > 0 ? concat(place.file, ":", place.line, ":", place.column) : place.file;
}

/// Where a key of a part's configuration comes from that the node does not give.
std::string origin_of_config(const Inspected& found, const Node& node, const std::string& key) {
  const auto origin = node.origins.find(key);
  if (origin == node.origins.end()) return concat("the default of ", node.instance.part().id);
  const Problem at = found.recipe.locate(origin->second);
  const std::string place = place_text({origin->second, at.file, at.line, at.column});
  if (origin->second.starts_with("/defaults/"))
    return concat("the recipe\'s default, ", place, ": ", origin->second);
  return concat("the size of what is wired, ", place, ": ", origin->second);
}

std::string origin_of(const Inspected& found, const std::string& pointer) {
  const std::vector<std::string> keys = segments(pointer);
  const auto place = found.recipe.places.find(pointer);
  const bool is_given = place != found.recipe.places.end() && !place->second.is_default;
  if (!is_given && keys.size() >= 4 && keys[2] == "config")
    for (const Node& node : found.wiring->nodes())
      if (!node.is_viewed() && segments(node.pointer)[1] == keys[1])
        return origin_of_config(found, node, keys[3]);
  if (!is_given) return "the default of the recipe format";
  const auto used_at = found.recipe.key_places.find(pointer);
  const std::string use = used_at == found.recipe.key_places.end()
                              ? ""
                              : concat(", used in ", place_text(used_at->second));
  return concat(place_text(place->second), use);
}

}  // namespace

void explain(const Options& options) {
  const Inspected found = inspect(options);
  const Value whole = expanded(found.recipe, *found.wiring);
  const Spot at = find(whole, options.operands[1]);
  const std::string value =
      at.value->object() || at.value->list() ? pretty(*at.value) : compact(*at.value) + "\n";
  std::cout << printable(at.pointer) << ": " << value << "  from "
            << printable(origin_of(found, at.pointer)) << "\n";
}

}  // namespace weft::host
