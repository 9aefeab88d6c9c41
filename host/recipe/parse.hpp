// SPDX-License-Identifier: Apache-2.0
/// JSON text → values with their lines. Stricter than RFC 8259 wherever leniency would hide a
/// mistake: duplicate keys, numbers that do not fit, a byte order mark and text after the value are
/// refused.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// @param file  the name that the values and messages carry
/// @returns nothing if anything is wrong; `findings` then says what and where
std::optional<Value> parse_json(std::string_view text,
                                const std::shared_ptr<const std::string>& file, Findings& findings);

}  // namespace weft::host
