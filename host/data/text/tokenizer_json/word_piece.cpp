// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/word_piece.hpp"

#include <algorithm>

#include "host/base/utf8.hpp"

namespace weft::host {
namespace {

bool begins_character(char byte) {
  return !is_inside_character(byte);
}

}  // namespace

WordPiece::WordPiece(const SubwordOptions& options)
    : longest_word_(static_cast<std::size_t>(options.longest_word)),
      unknown_(options.unknown.value()) {
  for (std::size_t id = 0; id < options.tokens.size(); ++id) {
    const std::string& token = options.tokens[id];
    if (token.empty()) continue;
    first_.emplace(token, static_cast<std::int32_t>(id));
    if (token.starts_with(options.prefix) && token.size() > options.prefix.size()) {
      inner_.emplace(token.substr(options.prefix.size()), static_cast<std::int32_t>(id));
    }
    longest_ = std::max(longest_, token.size());
  }
}

void WordPiece::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
  const auto characters = std::count_if(word.begin(), word.end(), begins_character);
  const std::size_t size_before = ids.size();
  bool is_known = static_cast<std::size_t>(characters) <= longest_word_;
  for (std::size_t at = 0; is_known && at < word.size();) {
    const TokenMap& pieces = at == 0 ? first_ : inner_;
    std::size_t size = std::min(longest_, word.size() - at);
    for (; size > 0; --size) {
      if (at + size < word.size() && !begins_character(word[at + size])) continue;
      const auto found = pieces.find(word.substr(at, size));
      if (found == pieces.end()) continue;
      ids.push_back(found->second);
      break;
    }
    is_known = size > 0;
    at += size;
  }
  if (is_known) return;
  ids.resize(size_before);
  ids.push_back(unknown_);
}

}  // namespace weft::host
