// SPDX-License-Identifier: Apache-2.0
/// The bytes of SentencePiece's compiled normalisation rules, as a tokenizer.json holds them.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace weft::host {

/// Longer rules are refused; in bytes of base64. SentencePiece's largest have 0.5 MB.
inline constexpr std::size_t k_longest_rules = std::size_t{16} << 20;

/// The bytes of a text in base64; nothing where it is none.
std::optional<std::string> from_base64(std::string_view text);

/// Whether the bytes are a 32-bit size, a table of so many bytes, which is a multiple of four and
/// not 0, and what is left.
bool are_rules(std::string_view bytes);

}  // namespace weft::host
