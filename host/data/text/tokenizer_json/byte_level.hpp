// SPDX-License-Identifier: Apache-2.0
/// GPT-2's characters for bytes (https://github.com/openai/gpt-2, bytes_to_unicode): the printable
/// ones of Latin-1 stand for themselves, the 68 others are U+0100 and following.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft::host {

/// The character for a byte, in UTF-8.
std::string byte_character(unsigned char byte);

/// The bytes for which the characters stand; nothing if one of them stands for none.
std::optional<std::string> bytes_of_characters(std::string_view characters);

}  // namespace weft::host
