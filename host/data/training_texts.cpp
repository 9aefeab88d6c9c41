// SPDX-License-Identifier: Apache-2.0
#include "host/data/training_texts.hpp"

#include <algorithm>

namespace weft::host {
namespace {

constexpr std::size_t k_longest = 4192;                  // SentencePiece's max_sentence_length
constexpr std::string_view k_unknown_sign = "\u2585";    // which it reserves
constexpr std::string_view k_between_words = " \t\r\n";  // which its rules make one space

}  // namespace

TrainingTexts::TrainingTexts(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) add(text);
}

void TrainingTexts::add(std::string_view text) {
  ++size_;
  fingerprint_.add(text);
  if (are_kept_) {
    texts_.emplace_back(text);
    return;
  }
  if (text.size() > k_longest || text.find(k_unknown_sign) != std::string_view::npos) return;
  std::size_t end = 0;
  while (true) {
    const std::size_t begin = text.find_first_not_of(k_between_words, end);
    if (begin == std::string_view::npos) return;
    end = std::min(text.find_first_of(k_between_words, begin), text.size());
    const auto [word, is_new] =
        place_of_.try_emplace(std::string(text.substr(begin, end - begin)), words_.size());
    if (is_new) words_.emplace_back(word->first, 0);
    ++words_[word->second].second;
  }
}

}  // namespace weft::host
