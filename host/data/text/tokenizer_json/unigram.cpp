// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/unigram.hpp"

#include <algorithm>

#include "host/base/utf8.hpp"

namespace weft::host {

/// How much less likely than the least likely token an unknown character is; as in SentencePiece
/// and Hugging Face's tokenizers.
static constexpr double k_unknown_penalty = 10.0;

static std::uint64_t edge(std::uint32_t state, char byte) {
  return std::uint64_t{state} << 8 | static_cast<unsigned char>(byte);
}

Unigram::Unigram(const SubwordOptions& options)
    : ids_{k_none},
      scores_(options.scores),
      fallback_(options.byte_fallback ? ByteTokens(options.tokens) : ByteTokens()),
      unknown_(*options.unknown),
      unknown_score_(*std::ranges::min_element(scores_) - k_unknown_penalty) {
  // Tokens that the file adds to the vocabulary have no score and are found before.
  for (std::size_t id = 0; id < scores_.size(); ++id) {
    std::uint32_t state = 0;
    for (const char byte : options.tokens[id]) {
      const auto [place, is_new] =
          next_.try_emplace(edge(state, byte), static_cast<std::uint32_t>(ids_.size()));
      if (is_new) ids_.push_back(k_none);
      state = place->second;
    }
    ids_[state] = static_cast<std::int32_t>(id);
  }
}

std::uint32_t Unigram::next(std::uint32_t state, char byte) const {
  const auto found = next_.find(edge(state, byte));
  return found == next_.end() ? k_nowhere : found->second;
}

std::int32_t Unigram::id_of(std::string_view token) const {
  std::uint32_t state = 0;
  for (const char byte : token)
    if ((state = next(state, byte)) == k_nowhere) return k_none;
  return ids_[state];
}

std::vector<Unigram::Best> Unigram::best_ways(std::string_view word) const {
  std::vector<Best> best(word.size() + 1);
  const auto offer = [&](std::size_t begin, std::size_t end, std::int32_t id, double score) {
    score += best[begin].score;
    if (best[end].begin == k_nowhere || score > best[end].score)
      best[end] = {score, static_cast<std::uint32_t>(begin), id};
  };
  for (std::size_t begin = 0, after = 0; begin < word.size(); begin = after) {
    for (after = begin + 1; after < word.size() && is_inside_character(word[after]);) ++after;
    bool has_single = false;
    std::uint32_t state = 0;
    for (std::size_t end = begin; end < word.size();) {
      state = next(state, word[end++]);
      if (state == k_nowhere) break;
      if (ids_[state] == k_none) continue;
      offer(begin, end, ids_[state], scores_[static_cast<std::size_t>(ids_[state])]);
      has_single = has_single || end == after;
    }
    if (!has_single) offer(begin, after, unknown_, unknown_score_);
  }
  return best;
}

void Unigram::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
  const std::vector<Best> best = best_ways(word);
  std::vector<Best> path;  // from the end; `begin` of each, and where the one behind it begins
  for (std::size_t end = word.size(); end > 0; end = best[end].begin) path.push_back(best[end]);
  std::ranges::reverse(path);
  for (std::size_t i = 0; i < path.size();) {
    if (path[i].id != unknown_) {
      ids.push_back(path[i++].id);
      continue;
    }
    const std::size_t begin = path[i].begin;
    while (i < path.size() && path[i].id == unknown_) ++i;
    const std::size_t end = i < path.size() ? path[i].begin : word.size();
    const std::string_view unknown = word.substr(begin, end - begin);
    const std::int32_t id = id_of(unknown);  // the unknown token's own text
    if (id != k_none)
      ids.push_back(id);
    else if (!fallback_.add(unknown, ids))
      ids.push_back(unknown_);
  }
}

}  // namespace weft::host
