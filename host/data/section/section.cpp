// SPDX-License-Identifier: Apache-2.0
#include "host/data/section/section.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/error.hpp"
#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"

namespace weft::host {

namespace {

std::string joined(const std::vector<SectionProblem>& problems) {
  std::string text;
  for (const SectionProblem& one : problems)
    text += concat(text.empty() ? "" : " ", one.place, ": ", one.text);
  return text;
}

}  // namespace

SectionError::SectionError(std::vector<SectionProblem> problems)
    : Error(Exit::bad_recipe, joined(problems)), problems_(std::move(problems)) {}

Section::Section(const Json& json, std::string place, std::string pointer, Problems problems)
    : json_(json),
      place_(std::move(place)),
      pointer_(std::move(pointer)),
      problems_(std::move(problems)) {
  if (!json_.is_object()) fail("", "an object");
}

Section::Section(const Json& json, std::string place, std::string pointer)
    : Section(json, std::move(place), std::move(pointer),
              std::make_shared<std::vector<SectionProblem>>()) {}

Section Section::inner(const char* key) const {
  return {at(key), concat(place_, "/", key), concat(pointer_, "/", key), problems_};
}

Section Section::element(const char* key, std::size_t index) const {
  const std::string below = concat("/", key, "/", index);
  return {at(key).at(index), place_ + below, pointer_ + below, problems_};
}

bool Section::has(const char* key) const {
  return json_.contains(key) && !json_.at(key).is_null();
}

const Json& Section::at(const char* key) const {
  static const Json nothing;
  return has(key) ? json_.at(key) : nothing;
}

void Section::refuse(const std::string& key, const std::string& expected) const {
  const Json& found = key.empty() ? json_ : at(key.c_str());
  const std::string below = key.empty() ? "" : "/" + key;
  problems_->push_back({place_ + below, pointer_ + below,
                        concat("expected ", expected, ", found ", found.dump(), ".")});
}

void Section::note(const std::vector<SectionProblem>& problems) const {
  problems_->insert(problems_->end(), problems.begin(), problems.end());
}

void Section::fail(const std::string& key, const std::string& expected) const {
  refuse(key, expected);
  throw SectionError(*problems_);
}

void Section::require_sound() const {
  if (!problems_->empty()) throw SectionError(*problems_);
}

double Section::number(const char* key, double fallback, double low, double high) const {
  if (!has(key)) return fallback;
  const double value = at(key).is_number() ? at(key).get<double>() : std::nan("");
  if (value >= low && value <= high) return value;
  refuse(key, concat("a number from ", low, " to ", high));
  return fallback;
}

int Section::integer(const char* key, std::optional<int> fallback, int low, int high) const {
  if (!has(key) && fallback) return *fallback;
  const double value = at(key).is_number() ? at(key).get<double>() : std::nan("");
  if (value >= low && value <= high && value == std::floor(value)) return static_cast<int>(value);
  refuse(key, concat("a whole number from ", low, " to ", high));
  return fallback.value_or(low);
}

bool Section::flag(const char* key) const {
  if (!has(key) || at(key).is_boolean()) return has(key) && at(key).get<bool>();
  refuse(key, "true or false");
  return false;
}

std::string Section::word(const char* key, const std::string& fallback) const {
  if (!has(key)) return fallback;
  if (at(key).is_string()) return at(key).get<std::string>();
  refuse(key, "a text");
  return fallback;
}

std::vector<std::string> Section::words(const char* key) const {
  std::vector<std::string> words;
  if (!has(key)) return words;
  if (!at(key).is_array()) {
    refuse(key, "a list");
    return words;
  }
  for (const Json& item : at(key)) {
    if (item.is_structured() || item.is_null()) {
      refuse(key, "a list of texts or numbers");
      return {};
    }
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
  refuse(key, "a member such as png, or several such as jpg;jpeg;png");
  return text;
}

std::string Section::pointer(const char* key, const std::string& text) const {
  try {
    if (text.starts_with('/')) return Json::json_pointer(text).to_string();
  } catch (const Json::exception&) {
    // Malformed escapes get the same sentence as a missing slash.
  }
  refuse(key, "a JSON pointer such as /question");
  return text;
}

}  // namespace weft::host
