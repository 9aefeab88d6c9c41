// SPDX-License-Identifier: Apache-2.0
/// SQuAD's normalisation: lower case, ASCII punctuation and the words a, an and the left out.
///
/// Source  Rajpurkar et al. 2016, arXiv:1606.05250, the official evaluation script 1.1.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "unicode.hpp"

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  /// An article is left out wherever no letter or digit stands beside it, also inside "a–b".
  inline std::vector<std::string> squad_words(std::string_view answer) {
    std::string kept;
    for (const char c : lower(answer))
      if (!is_ascii_punctuation(static_cast<unsigned char>(c))) kept += c;
    std::string rest;
    for (std::size_t at = 0; at < kept.size();) {
      std::size_t end = at;
      std::size_t next = at;
      while (next < kept.size() && is_of_word(next_character(kept, next))) end = next;
      const std::string_view word = std::string_view(kept).substr(at, end - at);
      rest += word == "a" || word == "an" || word == "the" ? " " : std::string(word);
      at = end;
      if (at == kept.size()) break;
      next = at;
      next_character(kept, next);  // what ends the word
      rest.append(kept, at, next - at);
      at = next;
    }
    std::vector<std::string> found;
    for (const std::string_view word : words(rest)) found.emplace_back(word);
    return found;
  }

  }  // namespace text
}  // namespace weft
