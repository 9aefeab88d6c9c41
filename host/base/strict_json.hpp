// SPDX-License-Identifier: Apache-2.0
/// JSON from files that may be damaged or hostile.

#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace weft::host {

/// What a document must keep to.
struct JsonBounds {
  /// Objects and lists inside one another: copying or writing deeper ones would exhaust the stack.
  std::size_t depth = 16;
  /// In so many levels, counted from the outermost, no object may have a key twice; below them the
  /// last one counts.
  std::size_t unique_levels = SIZE_MAX;
  /// A number that is whole comes as an integer: 1, 1.0 and 1e0 are one value (RFC 8259 and JSON
  /// Schema, 6.1.3).
  bool whole_as_integers = false;
};

/// The number; as an integer where it is whole and within 64 bits.
nlohmann::json json_number(double value);

/// Parses one JSON document in UTF-8, in time that grows with its length alone. The library's own
/// parser with a callback looks at every element of a list again whenever one of them ends.
/// @throws std::invalid_argument saying what is wrong, as the end of a sentence without full stop
nlohmann::json parse_strictly(std::string_view text, const JsonBounds& bounds = {});

/// The same, with the keys of objects in their order. No key may stand twice at any level.
nlohmann::ordered_json parse_in_order(std::string_view text, std::size_t depth);

/// `"name"` with quotes and escapes, cut where it is very long: fit for a message whatever a file
/// holds.
std::string shown(std::string_view name);

}  // namespace weft::host
