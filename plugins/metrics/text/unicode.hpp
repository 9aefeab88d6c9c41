// SPDX-License-Identifier: Apache-2.0
/// UTF-8 texts as characters, with the categories and the lower case that Python gives them: the
/// tools that the text metrics follow are written in it.

#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  struct CodeRange {
    char32_t first, last;
  };
  struct LowerRange {
    char32_t first, last, step;
    std::int32_t distance;
  };

  namespace tables {
#include "unicode_tables.inc"
  }

  /// The character that begins at `at`, which moves behind it. Bytes that are no UTF-8 are each
  /// U+FFFD.
  inline char32_t next_character(std::string_view text, std::size_t& at) {
    constexpr char32_t k_unknown = 0xfffd;
    const auto lead = static_cast<unsigned char>(text[at++]);
    if (lead < 0x80) return lead;
    const std::size_t more = lead >= 0xf0 && lead < 0xf5 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || at + more > text.size()) return k_unknown;
    char32_t code = lead & (0x3fU >> more);
    for (std::size_t i = 0; i < more; ++i) {
      const auto byte = static_cast<unsigned char>(text[at + i]);
      if ((byte & 0xc0U) != 0x80U) return k_unknown;
      code = code << 6U | (byte & 0x3fU);
    }
    constexpr char32_t k_least[] = {0, 0x80, 0x800, 0x10000};
    if (code < k_least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      return k_unknown;
    at += more;
    return code;
  }

  inline std::u32string characters(std::string_view text) {
    std::u32string found;
    found.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) found += next_character(text, at);
    return found;
  }

  inline void append_utf8(char32_t code, std::string& text) {
    const auto tail = [&](unsigned shift) {
      text += static_cast<char>(0x80U | (code >> shift & 0x3fU));
    };
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xc0U | code >> 6U);
      tail(0);
    } else if (code < 0x10000) {
      text += static_cast<char>(0xe0U | code >> 12U);
      tail(6);
      tail(0);
    } else {
      text += static_cast<char>(0xf0U | code >> 18U);
      tail(12);
      tail(6);
      tail(0);
    }
  }

  template <class Range, std::size_t count>
  const Range* range_of(char32_t code, const Range (&ranges)[count]) {
    const auto above =
        std::upper_bound(std::begin(ranges), std::end(ranges), code,
                         [](char32_t value, const Range& range) { return value < range.first; });
    if (above == std::begin(ranges) || code > std::prev(above)->last) return nullptr;
    return &*std::prev(above);
  }

  inline bool is_ascii_digit(char32_t code) {
    return code >= U'0' && code <= U'9';
  }
  /// Of Python's string.punctuation.
  inline bool is_ascii_punctuation(char32_t code) {
    return (code > 0x20 && code < 0x30) || (code > 0x39 && code < 0x41) ||
           (code > 0x5a && code < 0x61) || (code > 0x7a && code < 0x7f);
  }
  /// What str.split() divides at.
  inline bool is_blank(char32_t code) {
    if (code < 0x80) return code == 0x20 || (code >= 9 && code <= 13) || (code >= 28 && code <= 31);
    return range_of(code, tables::k_blanks) != nullptr;
  }
  /// The categories P, S and N.
  inline bool is_punctuation(char32_t code) {
    return range_of(code, tables::k_punctuation) != nullptr;
  }
  inline bool is_symbol(char32_t code) {
    return range_of(code, tables::k_symbols) != nullptr;
  }
  inline bool is_number(char32_t code) {
    return range_of(code, tables::k_numbers) != nullptr;
  }
  /// What \w stands for.
  inline bool is_of_word(char32_t code) {
    return code == U'_' || range_of(code, tables::k_letters_and_digits) != nullptr;
  }

  /// The lower case of one character. A sigma at the end of a word becomes σ, as elsewhere.
  inline char32_t lower(char32_t code) {
    if (code < 0x80) return code >= U'A' && code <= U'Z' ? code + 32 : code;
    const LowerRange* range = range_of(code, tables::k_lower);
    if (range == nullptr || (code - range->first) % range->step != 0) return code;
    return static_cast<char32_t>(static_cast<std::int64_t>(code) + range->distance);
  }

  inline std::string lower(std::string_view text) {
    std::string low;
    low.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const auto byte = static_cast<unsigned char>(text[at]);
      if (byte < 0x80) {
        low += static_cast<char>(lower(char32_t{byte}));
        ++at;
        continue;
      }
      const char32_t code = next_character(text, at);
      append_utf8(lower(code), low);
      if (code == 0x130) append_utf8(0x307, low);  // İ: i and a dot above
    }
    return low;
  }

  /// What lies between blanks.
  inline std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> found;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t here = at;
      if (!is_blank(next_character(text, at))) continue;
      if (here > begin) found.push_back(text.substr(begin, here - begin));
      begin = at;
    }
    if (begin < text.size()) found.push_back(text.substr(begin));
    return found;
  }

  /// Without blanks at the end.
  inline std::string_view without_end(std::string_view text) {
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.size();)
      if (!is_blank(next_character(text, at))) end = at;
    return text.substr(0, end);
  }

  }  // namespace text
}  // namespace weft
