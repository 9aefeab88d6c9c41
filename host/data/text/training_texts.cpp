// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/training_texts.hpp"

#include <algorithm>

#include "host/base/random.hpp"
#include "host/base/utf8.hpp"

namespace weft::host {
namespace {

constexpr std::size_t k_longest = 4192;  // SentencePiece's max_sentence_length
// Where long parts repeat, unigram training takes time with the square of their length.
constexpr std::size_t k_part = 512;
constexpr std::string_view k_unknown_sign = "\u2585";    // which it reserves
constexpr std::string_view k_between_words = " \t\r\n";  // which its rules make one space

}  // namespace

std::string_view take_part(std::string_view& text) {
  while (text.starts_with(k_unknown_sign)) text.remove_prefix(k_unknown_sign.size());
  // No further than a part may reach: a text of megabytes is gone over once.
  const std::string_view reach = text.substr(0, k_longest + k_unknown_sign.size());
  std::size_t end = std::min(reach.find(k_unknown_sign), text.size());
  if (end > k_longest) {
    end = text.substr(0, k_part + 1).find_last_of(k_between_words);
    if (end == std::string_view::npos || end == 0) {
      end = character_begin(text, k_part, k_part - 3);  // no character has more bytes inside
    }
  }
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end);
  return part;
}

TrainingTexts::TrainingTexts(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) add(text);
}

void TrainingTexts::add(std::string_view text) {
  ++size_;
  fingerprint_.add(text);
  if (are_kept_ && (most_ == 0 || texts_.size() < most_)) {
    texts_.emplace_back(text);
    return;
  }
  if (are_kept_) {  // Vitter, "Random sampling with a reservoir", 1985, algorithm R
    const std::uint64_t place = RandomSequence({size_}).below(size_);
    if (place < most_) texts_[place] = text;
    return;
  }
  std::size_t end = 0;
  while (true) {
    const std::size_t begin = text.find_first_not_of(k_between_words, end);
    if (begin == std::string_view::npos) return;
    end = std::min(text.find_first_of(k_between_words, begin), text.size());
    std::string_view word = text.substr(begin, end - begin);
    for (std::string_view part; !(part = take_part(word)).empty();) count(part);
  }
}

void TrainingTexts::count(std::string_view word) {
  const auto [known, is_new] = place_of_.try_emplace(std::string(word), words_.size());
  if (is_new) words_.emplace_back(known->first, 0);
  ++words_[known->second].second;
}

}  // namespace weft::host
