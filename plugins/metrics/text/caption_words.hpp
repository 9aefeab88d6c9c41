// SPDX-License-Identifier: Apache-2.0
/// The words of a caption as COCO's evaluation takes them: in lower case, contractions divided
/// (don't: do n't; dog's: dog 's), punctuation left out. It stands for the Stanford PTB tokenizer;
/// decision 0236 says how often both agree.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "unicode.hpp"

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  /// Marks that stand apart from words wherever they are.
  inline bool stands_apart(char c) {
    return std::string_view("\"!?;:,()[]{}<>`#$%&*+=@\\~|").find(c) != std::string_view::npos;
  }
  /// The mark of 8:25 and of 1,000.
  inline bool is_inside_number(std::string_view word, std::size_t at) {
    const auto is_digit = [&](std::size_t i) { return word[i] >= '0' && word[i] <= '9'; };
    return (word[at] == ':' || word[at] == ',') && at > 0 && at + 1 < word.size() &&
           is_digit(at - 1) && is_digit(at + 1);
  }
  /// Marks that COCO's evaluation leaves out; brackets and other marks stay words.
  inline bool is_left_out(std::string_view word) {
    for (const std::string_view mark : {"''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--",
                                        "...", ";", "\"", "(", ")", "{", "}"})
      if (word == mark) return true;
    return false;
  }

  inline void add_caption_word(std::string_view word, std::vector<std::string>& found) {
    if (!word.empty() && !is_left_out(word)) found.emplace_back(word);
  }

  /// A word without marks around it, its contraction divided.
  inline void add_divided(std::string_view word, std::vector<std::string>& found) {
    static constexpr std::pair<std::string_view, std::size_t> k_joined[] = {
        {"cannot", 3}, {"gonna", 3}, {"gotta", 3}, {"wanna", 3}, {"gimme", 3}, {"lemme", 3}};
    for (const auto& [joined, at] : k_joined)
      if (word == joined) {
        found.emplace_back(word.substr(0, at));
        found.emplace_back(word.substr(at));
        return;
      }
    for (const std::string_view ending : {"n't", "'s", "'re", "'ve", "'ll", "'d", "'m"}) {
      if (word.size() <= ending.size() || word.substr(word.size() - ending.size()) != ending)
        continue;
      add_caption_word(word.substr(0, word.size() - ending.size()), found);
      found.emplace_back(ending);
      return;
    }
    add_caption_word(word, found);
  }

  inline std::vector<std::string> caption_words(std::string_view caption) {
    const std::string low = lower(caption);
    std::vector<std::string> found;
    for (std::string_view word : words(low)) {
      while (!word.empty()) {
        std::size_t end = 0;
        while (end < word.size() && (!stands_apart(word[end]) || is_inside_number(word, end)))
          ++end;
        std::string_view inner = word.substr(0, end);
        while (!inner.empty() && (inner.front() == '\'' || inner.front() == '-') &&
               inner.substr(0, 2) != "'s")
          inner.remove_prefix(1);
        while (!inner.empty() &&
               (inner.back() == '.' || inner.back() == '\'' || inner.back() == '-'))
          inner.remove_suffix(1);
        add_divided(inner, found);
        if (end < word.size()) add_caption_word(word.substr(end, 1), found);
        word.remove_prefix(std::min(end + 1, word.size()));
      }
    }
    return found;
  }

  }  // namespace text
}  // namespace weft
