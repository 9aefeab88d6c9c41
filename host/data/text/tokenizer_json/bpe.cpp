// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/bpe.hpp"

#include <queue>

#include "host/data/text/tokenizer_json/byte_level.hpp"
#include "host/data/text/tokenizer_json/unicode.hpp"

namespace weft::host {
namespace {

/// Two neighbours that may be merged, as they were when this was found out.
struct Candidate {
  std::int32_t rank, id;
  std::uint32_t left, right;
  /// The queue's top is the lowest rank, and of equal ones the leftmost.
  bool operator<(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

}  // namespace

Bpe::Bpe(const SubwordOptions& options)
    : fallback_(options.byte_fallback ? ByteTokens(options.tokens) : ByteTokens()),
      suffix_(options.suffix),
      byte_level_(options.byte_level),
      fuse_unknown_(options.fuse_unknown),
      unknown_(options.unknown.value_or(k_none)) {
  std::int32_t rank = 0;
  for (const auto& [left, right, result] : options.merges) {
    merges_.insert_or_assign(pair(left, right), Merged{rank++, result});
  }
  for (std::size_t id = 0; id < options.tokens.size(); ++id) {
    if (!options.tokens[id].empty()) {
      symbols_.emplace(options.tokens[id], static_cast<std::int32_t>(id));
    }
  }
  const auto id_of = [&](const std::string& token) {
    const auto found = symbols_.find(token);
    return found == symbols_.end() ? k_none : found->second;
  };
  for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
    const std::string token = byte_character(static_cast<unsigned char>(byte));
    bytes_[byte] = id_of(token);
    endings_[byte] = id_of(token + suffix_);
  }
  // A word that is a token is taken whole where the merges would make it too, or are not asked.
  for (const auto& [token, id] : symbols_) {
    if (!token.ends_with(suffix_) || token.size() == suffix_.size()) continue;
    std::string word = token.substr(0, token.size() - suffix_.size());
    if (byte_level_) {
      const auto bytes = bytes_of_characters(word);
      if (!bytes) continue;
      word = *bytes;
    }
    std::vector<std::int32_t> symbols;
    add_symbols(word, symbols);
    merge(symbols);
    const bool is_whole = symbols.size() == 1 && symbols[0] == id;
    if (is_whole || (options.ignore_merges && suffix_.empty())) whole_.emplace(word, id);
  }
  if (byte_level_) symbols_ = {};
}

void Bpe::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (const auto found = whole_.find(word); found != whole_.end()) {
    ids.push_back(found->second);
    return;
  }
  std::vector<std::int32_t> symbols;
  add_symbols(word, symbols);
  merge(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

void Bpe::add_symbols(std::string_view word, std::vector<std::int32_t>& symbols) const {
  bool was_unknown = false;
  const auto add = [&](std::int32_t id) {
    const bool is_unknown = id == k_none;
    if (is_unknown && fuse_unknown_ && was_unknown) return;
    if (!is_unknown || unknown_ != k_none) symbols.push_back(is_unknown ? unknown_ : id);
    was_unknown = is_unknown;
  };
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t begin = at;
    if (byte_level_ && suffix_.empty()) {
      add(bytes_[static_cast<unsigned char>(word[at++])]);
    } else if (byte_level_) {
      ++at;
      const auto byte = static_cast<unsigned char>(word[begin]);
      add(at == word.size() ? endings_[byte] : bytes_[byte]);
    } else {
      next_character(word, at);
      std::string symbol(word.substr(begin, at - begin));
      if (at == word.size()) symbol += suffix_;
      const auto found = symbols_.find(symbol);
      if (found == symbols_.end() && fallback_.add(symbol, symbols)) continue;
      add(found == symbols_.end() ? k_none : found->second);
    }
  }
}

void Bpe::merge(std::vector<std::int32_t>& symbols) const {
  constexpr std::uint32_t nothing = UINT32_MAX;
  const auto count = static_cast<std::uint32_t>(symbols.size());
  if (count < 2) return;
  std::vector<std::uint32_t> before(count), after(count);
  std::priority_queue<Candidate> candidates;
  const auto look = [&](std::uint32_t left, std::uint32_t right) {
    if (left == nothing || right == nothing) return;
    const auto found = merges_.find(pair(symbols[left], symbols[right]));
    if (found != merges_.end()) {
      candidates.push({found->second.rank, found->second.id, left, right});
    }
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    before[i] = i == 0 ? nothing : i - 1;
    after[i] = i + 1 == count ? nothing : i + 1;
    if (i > 0) look(i - 1, i);
  }
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    if (symbols[best.left] == k_none || symbols[best.right] == k_none ||
        after[best.left] != best.right) {
      continue;
    }
    const auto found = merges_.find(pair(symbols[best.left], symbols[best.right]));
    if (found == merges_.end() || found->second.id != best.id) continue;  // one of them was merged
    symbols[best.left] = best.id;
    symbols[best.right] = k_none;
    after[best.left] = after[best.right];
    if (after[best.left] != nothing) before[after[best.left]] = best.left;
    look(before[best.left], best.left);
    look(best.left, after[best.left]);
  }
  std::erase(symbols, k_none);
}

}  // namespace weft::host
