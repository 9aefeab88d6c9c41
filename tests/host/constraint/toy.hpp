// SPDX-License-Identifier: Apache-2.0
/// A vocabulary, and the words of a language by trying all texts.

#pragma once

#include <set>
#include <string>
#include <vector>

#include "host/constraint/constraint.hpp"

namespace weft::test {

/// Id 0 begins a text and 1 ends it; the others write these texts wherever they stand.
inline host::TokenTexts vocabulary_of(const std::vector<std::string>& texts) {
  host::TokenTexts tokens{{"", ""}, {"", ""}, false};
  tokens.first.insert(tokens.first.end(), texts.begin(), texts.end());
  tokens.behind = tokens.first;
  return tokens;
}

inline host::ConstraintPlan plan_of(host::ConstraintPlan::Kind kind, const std::string& text) {
  return {kind, text, {}};
}

/// All texts of at most `length` of the letters.
inline std::vector<std::string> all_texts(const std::string& letters, std::size_t length) {
  std::vector<std::string> texts{""};
  for (std::size_t begin = 0, size = 0; size < length; ++size) {
    const std::size_t end = texts.size();
    for (; begin < end; ++begin)
      for (const char letter : letters) texts.push_back(texts[begin] + letter);
  }
  return texts;
}

inline bool begins_one(const std::set<std::string>& words, const std::string& text) {
  const auto at = words.lower_bound(text);
  return at != words.end() && at->starts_with(text);
}

}  // namespace weft::test
