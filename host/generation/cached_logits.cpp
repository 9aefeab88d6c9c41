// SPDX-License-Identifier: Apache-2.0
#include "host/generation/cached_logits.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

namespace weft::host {
namespace {

/// Copies what the last tokens of a row have of logits [N, S, V] to `last` [N, n, V].
/// @param length  of the row
/// @param later   tokens of the row that stand behind these, and whose places stay free
void copy_row(const Array& logits, std::int64_t row, std::int64_t length, std::int64_t later,
              Array& last) {
  const std::int64_t all = logits.sizes[1], classes = logits.sizes[2], n = last.sizes[1];
  for (std::int64_t at = std::max<std::int64_t>(0, length + later - n); at < length; ++at)
    std::copy_n(logits.data<float>() + (row * all + at) * classes, classes,
                last.data<float>() + (row * n + n - length - later + at) * classes);
}

std::int64_t common_length(const Tokens& a, const Tokens& b) {
  return std::ranges::mismatch(a, b).in1 - a.begin();
}

/// What is known of the texts of the last call.
class CachedTexts {
 public:
  CachedTexts(std::vector<CacheSpec> specs, TokenLogits logits)
      : caches_(std::move(specs)), logits_(std::move(logits)) {}

  /// @param n  at how many tokens of each text
  Array next(const std::vector<Tokens>& texts, const std::vector<std::size_t>& rows,
             std::int64_t n) {
    std::optional<NewTokens> found = after(texts, rows, n);
    if (!found) {
      caches_.clear(std::ssize(texts));
      found = all_new(texts);
    }
    std::vector<Tokens> fresh;
    for (std::size_t i = 0; i < texts.size(); ++i)
      fresh.emplace_back(texts[i].begin() + found->kept[i], texts[i].end());
    take_last(*found, n);
    texts_ = texts;
    rows_ = rows;
    if (std::ranges::all_of(fresh, &Tokens::empty))
      caches_.prepare(*found);  // rows may have changed places
    else if (caches_.can_truncate())
      call(*found, fresh);
    else
      call_one_by_one(*found, fresh);
    Array last = Array::empty(DType::float32, last_.sizes);  // searches change theirs
    std::copy_n(last_.data<float>(), last_.count(), last.data<float>());
    return last;
  }

 private:
  /// From which texts these go on; nothing where one has no text of its row before it, or would
  /// have to go back and cannot.
  std::optional<NewTokens> after(const std::vector<Tokens>& texts,
                                 const std::vector<std::size_t>& rows, std::int64_t n) const {
    NewTokens tokens;
    tokens.has_same_context = rows == rows_;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      std::int64_t parent = -1, most = -1;
      for (std::size_t j = 0; j < texts_.size(); ++j) {
        if (rows_[j] != rows[i]) continue;
        const std::int64_t common = common_length(texts[i], texts_[j]);
        // Of equal ones its own place, so that nothing has to move.
        if (common > most || (common == most && j == i))
          most = common, parent = static_cast<std::int64_t>(j);
      }
      if (parent < 0) return std::nullopt;
      const std::int64_t length = std::ssize(texts_[static_cast<std::size_t>(parent)]);
      // Logits are known of the last token of the texts before, and of no other.
      const bool is_known = n == 1 && most == std::ssize(texts[i]) && most == length;
      if (!is_known) most = std::min(most, std::max<std::int64_t>(0, std::ssize(texts[i]) - n));
      if (most < length && !caches_.can_truncate()) return std::nullopt;
      tokens.parents.push_back(parent);
      tokens.kept.push_back(most);
      tokens.fresh.push_back(std::ssize(texts[i]) - most);
    }
    return tokens;
  }

  static NewTokens all_new(const std::vector<Tokens>& texts) {
    NewTokens tokens;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      tokens.parents.push_back(static_cast<std::int64_t>(i));
      tokens.kept.push_back(0);
      tokens.fresh.push_back(std::ssize(texts[i]));
    }
    return tokens;
  }

  /// Room for the logits of n tokens of the new texts, and in it those of the last token of texts
  /// that have no new one.
  void take_last(const NewTokens& tokens, std::int64_t n) {
    count_ = n;
    if (!last_.bytes) return;
    const std::int64_t before = last_.sizes[1], classes = last_.sizes[2];
    Array taken = Array::empty(DType::float32, {std::ssize(tokens.parents), n, classes});
    for (std::size_t i = 0; i < tokens.parents.size(); ++i)
      if (tokens.fresh[i] == 0)
        std::copy_n(
            last_.data<float>() + ((tokens.parents[i] + 1) * before - 1) * classes, classes,
            taken.data<float>() + (static_cast<std::int64_t>(i) + 1) * n * classes - classes);
    last_ = std::move(taken);
  }

  /// @param later  new tokens of each row that later calls compute; empty: none
  void call(const NewTokens& tokens, const std::vector<Tokens>& fresh,
            const std::vector<std::int64_t>& later = {}) {
    caches_.prepare(tokens);
    const Array logits = logits_(fresh, rows_, &caches_);
    caches_.advance();
    if (!last_.bytes)
      last_ = Array::empty(DType::float32, {logits.sizes[0], count_, logits.sizes[2]});
    for (std::size_t i = 0; i < fresh.size(); ++i)
      copy_row(logits, static_cast<std::int64_t>(i), std::ssize(fresh[i]),
               later.empty() ? 0 : later[i], last_);
  }

  /// A CARRY cache is that of a row's last token, and rows may have more or fewer of them.
  void call_one_by_one(NewTokens tokens, const std::vector<Tokens>& fresh) {
    const std::size_t most = std::ranges::max(fresh, {}, &Tokens::size).size();
    for (std::size_t t = 0; t < most; ++t) {
      std::vector<Tokens> one(fresh.size());
      std::vector<std::int64_t> later(fresh.size());
      for (std::size_t i = 0; i < fresh.size(); ++i) {
        if (t < fresh[i].size()) {
          one[i] = {fresh[i][t]};
          later[i] = std::ssize(fresh[i]) - static_cast<std::int64_t>(t) - 1;
        }
        tokens.fresh[i] = std::ssize(one[i]);
      }
      call(tokens, one, later);
      std::iota(tokens.parents.begin(), tokens.parents.end(), 0);
      tokens.kept = caches_.lengths();
      tokens.has_same_context = true;
    }
  }

  Caches caches_;
  TokenLogits logits_;
  std::vector<Tokens> texts_;
  std::vector<std::size_t> rows_;
  Array last_;  // [N, count_, V] of these texts
  std::int64_t count_ = 1;
};

}  // namespace

LastLogits cached_logits(std::vector<CacheSpec> specs, TokenLogits logits) {
  const auto cached = std::make_shared<CachedTexts>(std::move(specs), std::move(logits));
  return [cached](const std::vector<Tokens>& texts, const std::vector<std::size_t>& rows,
                  std::int64_t n) { return cached->next(texts, rows, n); };
}

Array at_end(const Array& logits, const std::vector<Tokens>& texts, std::int64_t n) {
  Array last = Array::empty(DType::float32, {logits.sizes[0], n, logits.sizes[2]});
  for (std::size_t i = 0; i < texts.size(); ++i)
    copy_row(logits, static_cast<std::int64_t>(i), std::ssize(texts[i]), 0, last);
  return last;
}

}  // namespace weft::host
