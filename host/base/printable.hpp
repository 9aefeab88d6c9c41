// SPDX-License-Identifier: Apache-2.0
/// What a terminal may be shown of words that come from data: keys, values, names of files; and
/// numbers for people.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft::host {

/// The most bytes of one word that a message quotes, and of one whole sentence.
constexpr std::size_t k_word_bytes = 300;
constexpr std::size_t k_sentence_bytes = 4000;

/// The text on one line, harmless to a terminal: a line end becomes `\n`, any other control
/// character and each ill-formed byte `\x1b`, and a character that is not seen or turns the
/// direction of others (General Punctuation's formats, U+061C, U+FEFF, tags) `\u{202e}`. All else
/// stays, backslashes too, so that a text that is printable already does not change.
/// @param most  bytes of the result; of a longer one the middle is left out, marked by `…`
std::string printable(std::string_view text, std::size_t most = k_word_bytes);

/// The value as printf writes it in this form ("%.3f"); what is no number is `nan`, whatever its
/// sign.
std::string number(double value, const char* form);

}  // namespace weft::host
