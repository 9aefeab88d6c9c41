// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/unicode.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "host/base/utf8.hpp"

namespace weft::host {
namespace {

constexpr char32_t k_replacement = 0xfffd;

UChar32 signed_of(char32_t character) {
  return static_cast<UChar32>(character);
}

std::uint32_t category(char32_t character) {
  return U_MASK(u_charType(signed_of(character)));
}

/// Whether the character was in this version of Unicode already.
bool is_of_unicode(int version, char32_t character) {
  UVersionInfo first;
  u_charAge(signed_of(character), first);
  return first[0] <= version;
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) { return (byte & 0x80) == 0; });
}

std::string well_formed(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) append_character(result, next_character(text, at));
  return result;
}

bool is_well_formed(std::string_view text) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  UChar32 character = 0;
  for (std::size_t at = 0; at < text.size() && character >= 0;) {
    U8_NEXT(bytes, at, text.size(), character);
  }
  return character >= 0;
}

char32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) {
    ++at;
    return byte;
  }
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  UChar32 character = 0;
  U8_NEXT(bytes, at, text.size(), character);
  return character < 0 ? k_replacement : static_cast<char32_t>(character);
}

char32_t character_before(std::string_view text, std::size_t at) {
  at = character_begin(text, at - 1);
  return next_character(text, at);
}

void append_character(std::string& text, char32_t character) {
  if (character < 0x80) {
    text += static_cast<char>(character);
    return;
  }
  const auto last_six = [&](unsigned shift) {
    return static_cast<char>(0x80 | (character >> shift & 0x3f));
  };
  if (character < 0x800) {
    text += static_cast<char>(0xc0 | character >> 6);
  } else if (character < 0x10000) {
    text += static_cast<char>(0xe0 | character >> 12);
    text += last_six(6);
  } else {
    text += static_cast<char>(0xf0 | character >> 18);
    text += last_six(12);
    text += last_six(6);
  }
  text += last_six(0);
}

bool is_white_space(char32_t character) {
  return u_isUWhiteSpace(signed_of(character)) != 0;
}
bool is_letter(char32_t character) {
  return (category(character) & U_GC_L_MASK) != 0;
}
bool is_number(char32_t character) {
  return (category(character) & U_GC_N_MASK) != 0;
}
bool is_word(char32_t character) {
  return (category(character) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0 ||
         u_isUAlphabetic(signed_of(character)) != 0 || character == 0x200c || character == 0x200d;
}

bool is_bert_punctuation(char32_t character) {
  const UChar32 c = signed_of(character);
  if (character < 0x80) return u_isgraph(c) != 0 && u_isalnum(c) == 0;
  // The two were Po in Unicode 8.
  if (character == 0x166d || character == 0x111c9) return true;
  return (category(character) & U_GC_P_MASK) != 0 && is_of_unicode(8, character);
}

bool is_bert_control(char32_t character) {
  if (character == '\t' || character == '\n' || character == '\r') return false;
  const std::uint32_t found = category(character);
  if ((found & (U_GC_CC_MASK | U_GC_CO_MASK)) != 0) return true;
  return (found & U_GC_CF_MASK) != 0 && is_of_unicode(8, character);
}

bool is_bert_accent(char32_t character) {
  switch (character) {
    case 0x1734: return true;  // was Mn in Unicode 8
    case 0x1885:
    case 0x1886:
    case 0xa9bd:
    case 0x111c9: return false;  // became Mn later
    default: break;
  }
  return (category(character) & U_GC_MN_MASK) != 0 && is_of_unicode(8, character);
}

bool is_accent(char32_t character) {
  if (character == 0x1cf2 || character == 0x1cf3) return true;  // were Mc in Unicode 9
  if (character == 0x111c9) return false;                       // was Po
  return (category(character) & U_GC_M_MASK) != 0 && is_of_unicode(9, character);
}

bool is_newer_than_normalisation(char32_t character) {
  constexpr char32_t first = 0x300;  // all below is older
  if (character < first) return false;
  UVersionInfo version;
  u_charAge(signed_of(character), version);
  return version[0] > 12 || (version[0] == 12 && version[1] > 0);
}

void append_lower_case(std::string& text, char32_t character) {
  constexpr char32_t dotted_i = 0x130;  // the one character that becomes two
  if (character == dotted_i) {
    text += "i\u0307";
  } else {
    append_character(text, static_cast<char32_t>(u_tolower(signed_of(character))));
  }
}

}  // namespace weft::host
