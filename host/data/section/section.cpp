// SPDX-License-Identifier: Apache-2.0
#include "host/data/section/section.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"

namespace weft::host {

Section::Section(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
  if (!json_.is_object()) fail("", "an object");
}

bool Section::has(const char* key) const {
  return json_.contains(key) && !json_.at(key).is_null();
}

const Json& Section::at(const char* key) const {
  static const Json nothing;
  return has(key) ? json_.at(key) : nothing;
}

void Section::fail(const std::string& key, const std::string& expected) const {
  const Json& found = key.empty() ? json_ : at(key.c_str());
  throw Error(Exit::bad_recipe, concat(place_, key.empty() ? "" : "/", key, ": expected ", expected,
                                       ", found ", found.dump(), "."));
}

double Section::number(const char* key, double fallback, double low, double high) const {
  if (!has(key)) return fallback;
  const double value = at(key).is_number() ? at(key).get<double>() : std::nan("");
  if (!(value >= low && value <= high)) fail(key, concat("a number from ", low, " to ", high));
  return value;
}

int Section::integer(const char* key, std::optional<int> fallback, int low, int high) const {
  if (!has(key) && fallback) return *fallback;
  const double value = at(key).is_number() ? at(key).get<double>() : std::nan("");
  if (!(value >= low && value <= high && value == std::floor(value))) {
    fail(key, concat("a whole number from ", low, " to ", high));
  }
  return static_cast<int>(value);
}

bool Section::flag(const char* key) const {
  if (has(key) && !at(key).is_boolean()) fail(key, "true or false");
  return has(key) && at(key).get<bool>();
}

std::string Section::word(const char* key, const std::string& fallback) const {
  if (!has(key)) return fallback;
  if (!at(key).is_string()) fail(key, "a text");
  return at(key).get<std::string>();
}

std::vector<std::string> Section::words(const char* key) const {
  std::vector<std::string> words;
  if (!has(key)) return words;
  if (!at(key).is_array()) fail(key, "a list");
  for (const Json& item : at(key)) {
    if (item.is_structured() || item.is_null()) fail(key, "a list of texts or numbers");
    words.push_back(item.is_string()         ? item.get<std::string>()
                    : item.is_number_float() ? json_number(item.get<double>()).dump()
                                             : item.dump());
  }
  return words;
}

std::string plain_number(const std::string& text) {
  const Json number = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return number.is_number_float() ? json_number(number.get<double>()).dump() : text;
}

std::string Section::members(const char* key, const std::string& text) const {
  const bool has_empty = concat(';', text, ';').find(";;") != std::string::npos;
  if (!has_empty && !text.starts_with('/')) return text;
  fail(key, "a member such as png, or several such as jpg;jpeg;png");
}

std::string Section::pointer(const char* key, const std::string& text) const {
  try {
    if (text.starts_with('/')) return Json::json_pointer(text).to_string();
  } catch (const Json::exception&) {
    // Malformed escapes get the same sentence as a missing slash.
  }
  fail(key, "a JSON pointer such as /question");
}

}  // namespace weft::host
