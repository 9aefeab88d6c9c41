// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/byte_tokens.hpp"

#include <algorithm>
#include <charconv>

namespace weft::host {

std::optional<unsigned char> byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  unsigned char byte = 0;
  const char* const end = token.data() + 5;
  if (std::from_chars(token.data() + 3, end, byte, 16).ptr != end) return std::nullopt;
  return byte;
}

ByteTokens::ByteTokens(const std::vector<std::string>& tokens) : ByteTokens() {
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    const std::string& token = tokens[id];
    const auto byte = byte_of_token(token);
    // Bytes are written with the digits A to F; <0x0a> is a token like others.
    const bool is_lower = std::ranges::any_of(token, [](char c) { return c >= 'a' && c <= 'f'; });
    if (byte && !is_lower) ids_[*byte] = static_cast<std::int32_t>(id);
  }
}

bool ByteTokens::add(std::string_view text, std::vector<std::int32_t>& ids) const {
  const auto id_of = [&](char c) { return ids_[static_cast<unsigned char>(c)]; };
  if (std::ranges::any_of(text, [&](char c) { return id_of(c) == k_none; })) return false;
  for (const char c : text) ids.push_back(id_of(c));
  return true;
}

}  // namespace weft::host
