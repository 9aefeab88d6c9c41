// SPDX-License-Identifier: Apache-2.0
/// Fields of a run's events, which an edited file may lack or have of another type.

#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace weft::host {

/// Empty where there is no such text.
std::string text_field(const nlohmann::json& event, const char* key);

/// The members of an object that are numbers; none of what is no object.
std::map<std::string, double> number_fields(const nlohmann::json& object);

}  // namespace weft::host
