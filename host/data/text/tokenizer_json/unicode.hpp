// SPDX-License-Identifier: Apache-2.0
/// UTF-8 character by character, and what the tables of Unicode say about characters (ICU's).

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft::host {

/// The text with U+FFFD for every ill-formed part, as the Unicode Standard recommends (3.9): each
/// longest beginning of a character becomes one.
std::string well_formed(std::string_view text);

bool is_well_formed(std::string_view text);

bool is_ascii(std::string_view text);

/// The character that begins at `at`, which moves on to the next. The text is well-formed.
char32_t next_character(std::string_view text, std::size_t& at);

/// The character that ends at `at`, which is not 0.
char32_t character_before(std::string_view text, std::size_t at);

void append_character(std::string& text, char32_t character);

bool is_white_space(char32_t character);  ///< White_Space
bool is_letter(char32_t character);       ///< L
bool is_number(char32_t character);       ///< N
bool is_word(char32_t character);  ///< Alphabetic, M, Nd, Pc or Join_Control: \w of most engines

// As Hugging Face's tokenizers 0.23 have them, whose tables are of Unicode 8, 9 and
// 12; found by asking
// them for every character (tests/reference/tokenizer_values.py).
bool is_bert_punctuation(char32_t character);  ///< P, and all ASCII punctuation
bool is_bert_control(char32_t character);      ///< Cc, Cf or Co, but no tab or line end
bool is_bert_accent(char32_t character);       ///< Mn
bool is_accent(char32_t character);            ///< M
bool is_newer_than_normalisation(char32_t character);

/// The character in lower case, whatever stands beside it.
void append_lower_case(std::string& text, char32_t character);

}  // namespace weft::host
