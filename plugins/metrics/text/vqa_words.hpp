// SPDX-License-Identifier: Apache-2.0
/// VQA's normalisation of short answers: punctuation, numbers written as words, articles. Its list
/// of contractions without an apostrophe (dont for don't) is not applied.
///
/// Source  Antol et al. 2015, arXiv:1505.00468, the official evaluation script.

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "bleu_words.hpp"

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  /// A mark goes where a blank stands beside one like it, or where the answer has a number such as
  /// 1,000; elsewhere a blank takes its place. Points stay before digits.
  inline std::string without_vqa_marks(const std::string& answer) {
    bool has_grouped = false;
    for (std::size_t i = 1; i + 1 < answer.size(); ++i)
      has_grouped = has_grouped || (answer[i] == ',' &&
                                    is_ascii_digit(static_cast<unsigned char>(answer[i - 1])) &&
                                    is_ascii_digit(static_cast<unsigned char>(answer[i + 1])));
    std::string out = answer;
    for (const char mark : std::string_view(";:/'[]\"()=+\\_><@`,?")) {
      const bool is_beside_blank = answer.find(std::string{mark, ' '}) != std::string::npos ||
                                   answer.find(std::string{' ', mark}) != std::string::npos;
      replace_all(out, std::string(1, mark), is_beside_blank || has_grouped ? "" : " ");
    }
    std::string kept;
    for (std::size_t i = 0; i < out.size(); ++i) {
      const bool is_before_digit =
          i + 1 < out.size() && is_ascii_digit(static_cast<unsigned char>(out[i + 1]));
      if (out[i] != '.' || is_before_digit) kept += out[i];
    }
    return kept;
  }

  /// In lower case, numbers up to ten in digits, without articles.
  inline std::string with_vqa_words(const std::string& answer) {
    static constexpr std::pair<std::string_view, std::string_view> k_numbers[] = {
        {"none", "0"},  {"zero", "0"},  {"one", "1"},  {"two", "2"},
        {"three", "3"}, {"four", "4"},  {"five", "5"}, {"six", "6"},
        {"seven", "7"}, {"eight", "8"}, {"nine", "9"}, {"ten", "10"}};
    const std::string low = lower(answer);
    std::string joined;
    for (std::string_view word : words(low)) {
      for (const auto& [name, digits] : k_numbers)
        if (word == name) word = digits;
      if (word == "a" || word == "an" || word == "the") continue;
      joined.append(joined.empty() ? "" : " ").append(word);
    }
    return joined;
  }

  }  // namespace text
}  // namespace weft
