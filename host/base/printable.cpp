// SPDX-License-Identifier: Apache-2.0
#include "host/base/printable.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>

#include "host/base/utf8.hpp"

namespace weft::host {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  ///< 0: the byte is no beginning of a well-formed character
};

/// UTF-8 as RFC 3629 has it: nothing overlong, no surrogates, nothing above U+10FFFF.
Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return {};
  std::uint32_t code = first & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return {};
    code = code << 6u | (byte(i) & 0x3fu);
  }
  constexpr std::uint32_t k_least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < k_least[bytes] || code > 0x10ffff || surrogate) return {};
  return {code, bytes};
}

/// Characters above U+009F that are not seen, or change how others are seen.
bool is_unseen(std::uint32_t code) {
  return code == 0x061c || (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
         code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) ||
         (code >= 0xe0000 && code <= 0xe007f);
}

std::string escaped(const char* format, std::uint32_t code) {
  char text[16];
  std::snprintf(text, sizeof text, format, code);
  return text;
}

std::string all_printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character character = character_at(text, at);
    if (character.bytes == 0)
      result += escaped("\\x%02x", static_cast<unsigned char>(text[at]));
    else if (character.code == '\n')
      result += "\\n";
    else if (character.code < 0x20 || (character.code >= 0x7f && character.code < 0xa0))
      result += escaped("\\x%02x", character.code);
    else if (is_unseen(character.code))
      result += escaped("\\u{%x}", character.code);
    else
      result += text.substr(at, character.bytes);
    at += character.bytes == 0 ? 1 : character.bytes;
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
  constexpr std::string_view k_gap = "…";
  // A byte gives four at the most: what cannot be shown need not be looked at.
  if (text.size() > 2 * most) {
    std::string ends(text.substr(0, most));
    text = ends.append(text.substr(text.size() - most));
    return printable(ends, most);
  }
  std::string result = all_printable(text);
  if (result.size() <= most) return result;
  std::size_t head = (most - k_gap.size()) / 2, tail = result.size() - head;
  head = character_begin(result, head);
  while (tail < result.size() && is_inside_character(result[tail])) ++tail;
  return result.substr(0, head).append(k_gap).append(result, tail);
}

std::string number(double value, const char* form) {
  if (std::isnan(value)) value = std::fabs(value);  // of some nan the sign would be printed
  const int length = std::snprintf(nullptr, 0, form, value);
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  std::snprintf(text.data(), text.size(), form, value);
  text.pop_back();
  return text;
}

}  // namespace weft::host
