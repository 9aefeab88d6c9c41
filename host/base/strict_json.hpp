// SPDX-License-Identifier: Apache-2.0
/// JSON from files that may be damaged or hostile.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace weft::host {

/// Parses one JSON document. Unlike the library's own parser it refuses a key that is given twice,
/// and nesting so deep that copying or writing the document would exhaust the stack.
/// @throws std::invalid_argument saying what is wrong, as the end of a sentence without full stop
nlohmann::json parse_strictly(std::string_view text);

/// `"name"` with quotes and escapes, cut where it is very long: fit for a message whatever a file
/// holds.
std::string shown(std::string_view name);

}  // namespace weft::host
