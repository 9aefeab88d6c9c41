// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/added_tokens.hpp"
#include "host/base/utf8.hpp"

#include <algorithm>

#include "host/data/text/tokenizer_json/unicode.hpp"

namespace weft::host {
namespace {

/// Whether letters, digits or _ adjoin the part.
bool is_inside_word(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin > 0 && is_word(character_before(text, begin))) ||
         (end < text.size() && is_word(next_character(text, end)));
}

std::size_t without_space_before(std::string_view text, std::size_t begin, std::size_t least) {
  while (begin > least && is_white_space(character_before(text, begin))) {
    begin = character_begin(text, begin - 1, least);
  }
  return begin;
}

std::size_t past_space(std::string_view text, std::size_t end) {
  for (std::size_t next = end; next < text.size(); end = next) {
    if (!is_white_space(next_character(text, next))) break;
  }
  return end;
}

}  // namespace

void AddedTokens::sort() {
  for (std::vector<AddedToken>& tokens : tokens_) {
    std::stable_sort(tokens.begin(), tokens.end(), [](const AddedToken& a, const AddedToken& b) {
      return a.content.size() > b.content.size();
    });
  }
}

std::vector<TokenOrText> AddedTokens::split(std::string_view text) const {
  std::vector<TokenOrText> parts;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::vector<AddedToken>& tokens = tokens_[first_byte(text.substr(at))];
    const auto is_here = [&](const AddedToken& token) {
      return text.substr(at).starts_with(token.content);
    };
    const auto token = std::find_if(tokens.begin(), tokens.end(), is_here);
    if (token == tokens.end()) {
      ++at;
      continue;
    }
    std::size_t begin = at, end = at + token->content.size();
    at = end;
    if (token->single_word && is_inside_word(text, begin, end)) continue;
    begin = std::max(begin, done);  // the token before may have taken white space that begins it
    if (token->strip_left) begin = without_space_before(text, begin, done);
    if (token->strip_right) end = past_space(text, end);
    if (begin > done) parts.push_back({text.substr(done, begin - done), std::nullopt});
    parts.push_back({{}, token->id});
    done = std::max(done, end);
  }
  if (done < text.size()) parts.push_back({text.substr(done), std::nullopt});
  return parts;
}

}  // namespace weft::host
