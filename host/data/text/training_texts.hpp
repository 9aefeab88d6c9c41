// SPDX-License-Identifier: Apache-2.0
/// What a tokenizer learns from, where possible in the memory of its words: a thousand texts or a
/// hundred million.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "host/base/fingerprint.hpp"

namespace weft::host {

/// Takes the first part that SentencePiece's trainer reads off a text: it passes over what is above
/// 4,192 bytes (max_sentence_length) or holds U+2585, its sign for the unknown. A part ends at that
/// sign, which is lost; of what is too long, at the last white space within 512 bytes, or else
/// between two characters. Empty where nothing is left.
std::string_view take_part(std::string_view& text);

/// Texts that are kept, or their words with their counts. SentencePiece divides texts at their
/// spaces before it learns, and learns the same pieces from counted words as from the texts, but
/// for the type unigram, which first looks for what the texts repeat. Memory for words grows with
/// the number of different ones alone.
class TrainingTexts {
 public:
  /// @param type  of the tokenizer (TokenizerTraining::type): with unigram texts are kept
  /// @param most  keeps so many of the texts, each as likely; 0: all
  explicit TrainingTexts(const std::string& type, std::size_t most = 0)
      : are_kept_(type == "unigram" || most > 0), most_(most) {}
  /// Kept ones.
  TrainingTexts(std::initializer_list<std::string_view> texts);

  void add(std::string_view text);

  /// Texts that were added.
  std::size_t size() const { return size_; }

  /// Of all texts, in their order.
  std::string fingerprint() const { return fingerprint_.hex(); }

  bool are_kept() const { return are_kept_; }
  const std::deque<std::string>& texts() const { return texts_; }

  /// Of texts that are not kept: words with their counts, in the order of their first places. A
  /// word that is too long counts by its parts.
  const std::vector<std::pair<std::string_view, std::int64_t>>& words() const { return words_; }

 private:
  bool are_kept_ = true;
  std::size_t most_ = 0;
  std::deque<std::string> texts_;
  void count(std::string_view word);

  std::unordered_map<std::string, std::size_t> place_of_;  ///< in words_
  std::vector<std::pair<std::string_view, std::int64_t>> words_;
  std::size_t size_ = 0;
  Fingerprint fingerprint_;
};

}  // namespace weft::host
