// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/override.hpp"

#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/text.hpp"
#include "host/recipe/document.hpp"
#include "host/recipe/expectation.hpp"
#include "host/recipe/format_1.hpp"
#include "host/recipe/parse.hpp"

namespace weft::host {
namespace {

Origin from_command_line() {
  static const auto file = std::make_shared<const std::string>("--set");
  return {file, 0};
}

Value on_command_line(Value value) {
  value.origin = from_command_line();
  if (value.list())
    for (Value& item : *value.list()) item = on_command_line(std::move(item));
  if (value.object())
    for (Member& member : *value.object()) member.value = on_command_line(std::move(member.value));
  return value;
}

/// JSON, or else the text itself. Text that means to be JSON but is not is a problem.
std::optional<Value> read_value(const std::string& text, const std::string& override,
                                Findings& findings) {
  Findings attempt;
  if (auto value = parse_json(text, from_command_line().file, attempt))
    return on_command_line(std::move(*value));
  if (text.find_first_of("{[\"") != 0) {
    // Read as a JSON string once more, so that broken UTF-8 is found here.
    const std::string quoted = compact({text, {}});
    if (parse_json(quoted, from_command_line().file, attempt))
      return Value{text, from_command_line()};
  }
  findings.add(from_command_line(), "",
               concat("\"", override, "\": ", attempt.problems().back().text));
  return std::nullopt;
}

std::optional<std::size_t> index_of(const Value::List& list, const std::string& key) {
  std::size_t index = 0;
  const char* const end = key.data() + key.size();
  const auto [stop, error] = std::from_chars(key.data(), end, index);
  if (error == std::errc{} && stop == end && index < list.size()) return index;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Value* name = list[i].find("name");
    if (name && name->text() && *name->text() == key) return i;
  }
  return std::nullopt;
}

/// What could have been meant in place of a key that leads nowhere.
std::vector<std::string> choices(const Value& value) {
  std::vector<std::string> choices = keys(value);
  for (std::size_t i = 0; i < value.items().size(); ++i) {
    const Value* name = value.items()[i].find("name");
    choices.push_back(name && name->text() ? *name->text() : std::to_string(i));
  }
  return choices;
}

/// Walks down from the recipe; `pointer` follows with indices in place of names.
struct Step {
  Value* at;
  std::string pointer;
  std::string area;  // of what `at` is, where its keys may be those of format 1

  /// The key as format 2 has it, and then the area of what stands there.
  std::string enter(const std::string& key) {
    const std::string now = name_in_format_2(area, key);
    area = area_inside(area, now, at->find(now));
    return now;
  }

  /// Null if there is no such key.
  Value* find(const std::string& key) {
    Value::List* list = at->list();
    if (list == nullptr) {
      pointer = child(pointer, key);
      return at->find(key);
    }
    const auto index = index_of(*list, key);
    pointer = index ? child(pointer, *index) : child(pointer, key);
    return index ? &(*list)[*index] : nullptr;
  }
};

/// Objects that a recipe may leave out because the schema fills them in; a path may lead through
/// them.
bool is_implied(const Value& parent, const std::string& key) {
  return parent.object() &&
         (key == "config" || key == "in" || key == "schedule" || key == "optimizer");
}

/// @param known  what stands at `key` now, or null
/// @param keep_null  null shall remove what `parent` inherits
void put(Value& parent, Value* known, const std::string& key, Value value, bool keep_null) {
  if (known == nullptr) {
    parent.set(key, std::move(value));
  } else if (!value.is_null() || keep_null) {
    *known = std::move(value);
  } else if (Value::List* list = parent.list()) {
    list->erase(list->begin() + (known - list->data()));
  } else {
    parent.erase(key);
  }
}

}  // namespace

std::vector<std::string> keys_of_path(const std::string& path) {
  if (path.starts_with('/')) return segments(path);
  std::vector<std::string> keys(1);
  for (const char c : path) {
    if (c == '.') {
      keys.emplace_back();
    } else {
      keys.back() += c;
    }
  }
  return keys;
}

void apply_override(const std::string& override, Value& recipe, Findings& findings,
                    bool is_format_1) {
  const auto refuse = [&](const std::string& pointer, const std::string& text) {
    findings.add(from_command_line(), pointer, text);
  };
  const std::size_t equals = override.find('=');
  if (equals == 0 || equals == std::string::npos)
    return refuse("", concat("expected path=value, found \"", override, "\"."));
  std::vector<std::string> path = keys_of_path(override.substr(0, equals));
  auto value = read_value(override.substr(equals + 1), override, findings);
  if (!value) return;
  if (path.front() == "extends")
    return refuse("/extends", "this cannot be set. Write a recipe that extends the other one.");

  Step step{&recipe, "", std::string(is_format_1 ? k_recipe_area : "")};
  bool is_inherited = false;  // an object on the way extends another, which may hold the rest
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::string where = step.pointer.empty() ? "the recipe" : step.pointer;
    if (step.at->list() == nullptr && step.at->object() == nullptr)
      return refuse(child(step.pointer, path[i]),
                    concat("nothing to set: ", where, " is ", found(*step.at), "."));
    const bool last = i + 1 == path.size();
    is_inherited = is_inherited || step.at->find("extends") != nullptr;
    path[i] = step.enter(path[i]);
    Value* next = step.find(path[i]);
    const bool is_open = is_inherited && step.at->object() != nullptr;
    if (next == nullptr && !last && (is_open || is_implied(*step.at, path[i]))) {
      step.at->set(path[i], {Value::Object{}, from_command_line()});
      next = step.at->find(path[i]);
    }
    const bool is_new_key = last && step.at->object() && (is_open || !value->is_null());
    if (next == nullptr && !is_new_key)
      return refuse(step.pointer, concat("nothing to set: ", where, " has no \"", path[i], "\".",
                                         suggestion(path[i], choices(*step.at))));
    if (!last) {
      step.at = next;
    } else if (path.size() + depth(*value) > k_max_depth) {
      refuse(step.pointer,
             concat("objects and arrays are nested more than ", k_max_depth, " deep."));
    } else {
      upgrade(*value, step.area, next);
      if (path.size() == 3 && path[2] == "use" && is_other_part(next, &*value))
        leave_over_config(*step.at);
      put(*step.at, next, path[i], std::move(*value), is_open);
    }
  }
}

}  // namespace weft::host
