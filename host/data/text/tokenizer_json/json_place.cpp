// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/json_place.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

std::string found(const Json& json) {
  if (json.is_object()) return "an object";
  if (json.is_array()) return concat("a list of ", json.size());
  if (json.is_string()) return shown(json.get_ref<const std::string&>());
  return json.dump();
}

}  // namespace

void JsonPlace::refuse(const std::string& expected) const {
  throw JsonRefusal{concat(pointer_.empty() ? "/" : pointer_, ": expected ", expected, ", found ",
                           found(*json_))};
}

bool JsonPlace::has(const char* key) const {
  if (!json_->is_object()) refuse("an object");
  const auto value = json_->find(key);
  return value != json_->end() && !value->is_null();
}

JsonPlace JsonPlace::at(const char* key) const {
  if (!has(key)) refuse(concat("an object with the key ", key));
  return {(*json_)[key], concat(pointer_, '/', key)};
}

std::vector<JsonPlace> JsonPlace::list(std::size_t most) const {
  if (!json_->is_array() || json_->size() > most) refuse(concat("a list of at most ", most));
  std::vector<JsonPlace> places;
  places.reserve(json_->size());
  for (const Json& entry : *json_) {
    places.emplace_back(entry, concat(pointer_, '/', places.size()));
  }
  return places;
}

void JsonPlace::keys(std::initializer_list<const char*> known) const {
  if (!json_->is_object()) refuse("an object");
  for (const auto& member : json_->items()) {
    const std::string& key = member.key();
    const auto is_key = [&](const char* name) { return key == name; };
    if (std::none_of(known.begin(), known.end(), is_key)) {
      throw JsonRefusal{
          concat(pointer_.empty() ? "/" : pointer_, ": the key ", shown(key), " is not known")};
    }
  }
}

std::string JsonPlace::text(std::size_t longest) const {
  if (!json_->is_string()) refuse("a text");
  if (json_->get_ref<const std::string&>().size() > longest) {
    refuse(concat("a text of at most ", longest, " bytes"));
  }
  return json_->get<std::string>();
}

bool JsonPlace::flag() const {
  if (!json_->is_boolean()) refuse("true or false");
  return json_->get<bool>();
}

std::int64_t JsonPlace::integer(std::int64_t low, std::int64_t high) const {
  const std::string expected = concat("an integer from ", low, " to ", high);
  if (!json_->is_number_integer()) refuse(expected);
  if (json_->is_number_unsigned() && json_->get<std::uint64_t>() > INT64_MAX) refuse(expected);
  const auto value = json_->get<std::int64_t>();
  if (value < low || value > high) refuse(expected);
  return value;
}

}  // namespace weft::host
