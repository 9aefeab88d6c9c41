// SPDX-License-Identifier: Apache-2.0
#include "host/checkpoint/event_fields.hpp"

#include <nlohmann/json.hpp>

namespace weft::host {

std::string text_field(const nlohmann::json& event, const char* key) {
  const auto found = event.find(key);
  return found != event.end() && found->is_string() ? found->get<std::string>() : "";
}

std::map<std::string, double> number_fields(const nlohmann::json& object) {
  std::map<std::string, double> result;
  if (object.is_object())
    for (const auto& [name, value] : object.items())
      if (value.is_number()) result[name] = value.get<double>();
  return result;
}

}  // namespace weft::host
