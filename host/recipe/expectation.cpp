// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/expectation.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "host/base/text.hpp"
#include "host/recipe/walker.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_longest_found = 60;
constexpr double k_exact_integers = 9007199254740992.0;  // 2^53

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " or ") + word;
  return text;
}

std::string type_words(const std::string& type) {
  static const std::map<std::string, std::string> words = {
      {"integer", "an integer"}, {"number", "a number"},  {"string", "a string"},
      {"array", "an array"},     {"object", "an object"}, {"boolean", "true or false"},
      {"null", "null"}};
  const auto known = words.find(type);
  return known == words.end() ? type : known->second;
}

/// " of at least 1", " from 0 to 1", " above 0".
std::string bound_words(const Value& schema) {
  const Value* low = schema.find("minimum");
  const Value* high = schema.find("maximum");
  if (low && high) return concat(" from ", compact(*low), " to ", compact(*high));
  std::string text;
  if (low) text += concat(" of at least ", compact(*low));
  if (const Value* above = schema.find("exclusiveMinimum"))
    text += concat(" above ", compact(*above));
  if (high) text += concat(text.empty() ? "" : " and", " of at most ", compact(*high));
  if (const Value* below = schema.find("exclusiveMaximum"))
    text += concat(text.empty() ? "" : " and", " below ", compact(*below));
  return text;
}

/// " of 2 items", " of at least 1 item".
std::string length_words(const Value& schema, const char* least, const char* most,
                         const std::string& unit) {
  const Value* low = schema.find(least);
  const Value* high = schema.find(most);
  const auto with_unit = [&](const Value& length) {
    return concat(compact(length), " ", unit, length.number() == 1 ? "" : "s");
  };
  if (low && high && low->number() == high->number()) return " of " + with_unit(*low);
  if (low && high) return concat(" of ", compact(*low), " to ", with_unit(*high));
  if (low) return " of at least " + with_unit(*low);
  return high ? " of at most " + with_unit(*high) : "";
}

std::string restricted(const std::string& type, const Value& schema) {
  std::string text = type_words(type);
  if (type == "integer" || type == "number") text += bound_words(schema);
  if (type == "array") text += length_words(schema, "minItems", "maxItems", "item");
  if (type == "object") text += length_words(schema, "minProperties", "maxProperties", "member");
  if (type == "string") {
    const Value* format = schema.find("format");
    if (format && format->text() && *format->text() == "json-pointer")
      return "a JSON pointer such as \"/question\"";
    text += length_words(schema, "minLength", "maxLength", "character");
  }
  return text;
}

}  // namespace

std::string expected(const Value& root, const Value& schema) {
  if (const Value* only = schema.find("const")) return compact(*only);
  if (const Value* allowed = schema.find("enum")) {
    std::vector<std::string> words;
    for (const Value& item : allowed->items()) words.push_back(compact(item));
    return words.size() == 1 ? words.front() : "one of " + enumerate(words);
  }
  std::vector<std::string> words;
  for (const Value* alternative : alternatives(root, schema)) {
    const std::string text = expected(root, *alternative);
    if (std::find(words.begin(), words.end(), text) == words.end()) words.push_back(text);
  }
  if (!words.empty()) return joined(words);
  for (const std::string& type : types_of(schema)) words.push_back(restricted(type, schema));
  if (!words.empty()) return joined(words);
  if (const Value* reference = schema.find("$ref"))
    return expected(root, resolve_reference(root, *reference->text()));
  return "another value";
}

std::string found(const Value& value) {
  if (value.object()) return value.members().empty() ? "{}" : "an object";
  const auto is_long = [](const Value& item) {
    return item.object() || item.list() || (item.text() && item.text()->size() > k_longest_found);
  };
  const Value::List& list = value.items();
  const bool is_whole = list.size() <= k_longest_found && std::ranges::none_of(list, is_long);
  if (value.text() == nullptr || !is_long(value)) {
    std::string text = !value.list() ? compact(value) : is_whole ? pretty(value) : "";
    if (value.list() && is_whole) text.pop_back();  // pretty() ends with a newline
    if (!text.empty() && text.size() <= k_longest_found) return text;
  }
  if (value.list())
    return concat("an array of ", list.size(), list.size() == 1 ? " item" : " items");
  return concat("a string of ", value.text()->size(), " characters");
}

bool has_type(const Value& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.boolean() != nullptr;
  if (type == "string") return value.text() != nullptr;
  if (type == "array") return value.list() != nullptr;
  if (type == "object") return value.object() != nullptr;
  if (type == "number") return value.is_number();
  if (type != "integer") return false;
  const double number = value.number();
  return value.integer() != nullptr || (value.is_number() && number == std::floor(number) &&
                                        std::abs(number) <= k_exact_integers);
}

std::vector<std::string> types_of(const Value& schema) {
  std::vector<std::string> types;
  const Value* type = schema.find("type");
  if (type == nullptr) return types;
  if (type->text()) types.push_back(*type->text());
  for (const Value& item : type->items())
    if (item.text()) types.push_back(*item.text());
  return types;
}

std::vector<const Value*> alternatives(const Value& root, const Value& schema) {
  std::vector<const Value*> result;
  for (const char* keyword : {"oneOf", "anyOf"}) {
    const Value* list = schema.find(keyword);
    if (list == nullptr) continue;
    for (const Value& item : list->items()) {
      const Value* reference = item.find("$ref");
      if (reference == nullptr) {
        result.push_back(&item);
      } else if (reference->text() && *reference->text() != "#/$defs/variable") {
        result.push_back(&resolve_reference(root, *reference->text()));
      }
    }
  }
  return result;
}

const Member* discriminator(const Value& alternative) {
  const Value* properties = alternative.find("properties");
  if (properties == nullptr) return nullptr;
  const auto is_constant = [](const Member& property) {
    const Value* only = property.value.find("const");
    return only != nullptr && only->text() != nullptr;
  };
  const auto found = std::ranges::find_if(properties->members(), is_constant);
  return found == properties->members().end() ? nullptr : &*found;
}

}  // namespace weft::host
