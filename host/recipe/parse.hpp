// SPDX-License-Identifier: Apache-2.0
/// JSON text → values with their lines. Stricter than RFC 8259 wherever leniency would hide a
/// mistake: duplicate keys, numbers that do not fit, a byte order mark and text after the value are
/// refused. Comments are passed over where the reader says so.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

enum class Comments { refused, passed_over };

/// @param file      the name that the values and messages carry
/// @param comments  from "//" to the end of the line, or between "/*" and "*/"
/// @returns nothing if anything is wrong; `findings` then says what and where
std::optional<Value> parse_json(std::string_view text,
                                const std::shared_ptr<const std::string>& file, Findings& findings,
                                Comments comments = Comments::refused);

}  // namespace weft::host
