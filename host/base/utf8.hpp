// SPDX-License-Identifier: Apache-2.0
/// Where the characters of a UTF-8 text are divided (RFC 3629, 3).

#pragma once

#include <cstddef>
#include <string_view>

namespace weft::host {

/// Whether a byte continues a character: 10xxxxxx.
constexpr bool is_inside_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

/// Back from `at` to where its character begins; not below `least`. At the end of the text, or
/// where a character begins, it is `at` itself.
constexpr std::size_t character_begin(std::string_view text, std::size_t at,
                                      std::size_t least = 0) {
  while (at > least && at < text.size() && is_inside_character(text[at])) --at;
  return at;
}

}  // namespace weft::host
