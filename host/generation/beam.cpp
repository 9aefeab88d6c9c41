// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "host/generation/search.hpp"

namespace weft::host {
namespace {

/// A text under way and the token that could follow it.
struct Candidate {
  std::size_t text;
  std::int64_t token;
  double step, sum;  ///< log probability of the token, and of the text with it
};

/// One row: its texts under way and the best that have ended.
class Beams {
 public:
  Beams(const Search& search, std::size_t row)
      : search_(search), row_(row), most_(static_cast<std::size_t>(search.plan.num_beams)) {
    take(begun(search, row));
  }

  const std::vector<Sequence>& under_way() const { return under_way_; }

  /// @param first  the text among those that `next` has which is the row's first
  void go_on(NextTokens& next, std::size_t first) {
    std::vector<Candidate> all;
    for (std::size_t i = 0; i < under_way_.size(); ++i) {
      if (is_any_left(next.of(first + i))) {
        add_candidates(next.of(first + i), i, all);
      } else {
        Sequence text = under_way_[i];
        text.has_ended = true;
        take(std::move(text));
      }
    }
    const std::vector<Sequence> before = std::exchange(under_way_, {});
    // The most probable ones that do not end are followed; those that end before them are kept.
    for (const Candidate& one : all) {
      if (under_way_.size() == most_) break;
      Sequence text = before[one.text];
      append(search_, row_, one.token, one.step, text);
      take(std::move(text));
    }
    if (is_done()) under_way_.clear();
  }

  std::vector<Sequence> best() {
    ended_.resize(
        std::min(ended_.size(), static_cast<std::size_t>(search_.plan.num_return_sequences)));
    return std::move(ended_);
  }

 private:
  void add_candidates(std::span<const float> logits, std::size_t text,
                      std::vector<Candidate>& all) const {
    const std::vector<double> steps = log_probabilities(logits);
    for (std::size_t token = 0; token < steps.size(); ++token)
      if (steps[token] > -std::numeric_limits<double>::infinity())
        all.push_back({text, static_cast<std::int64_t>(token), steps[token],
                       under_way_[text].log_probability + steps[token]});
    // Each of the texts can end once, so that num_beams that go on are among twice as many.
    const auto more = [](const Candidate& a, const Candidate& b) {
      return std::tuple(-a.sum, a.text, a.token) < std::tuple(-b.sum, b.text, b.token);
    };
    const std::size_t kept = std::min(all.size(), 2 * most_);
    std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(kept), more);
    all.resize(kept);
  }

  void take(Sequence text) {
    if (!text.has_ended) return under_way_.push_back(std::move(text));
    finish(search_, row_, text);
    ended_.push_back(std::move(text));
    std::ranges::stable_sort(ended_, is_better);
    if (ended_.size() > most_) ended_.pop_back();
  }

  /// A log probability only falls, so that with a penalty above 0 the highest score that a text can
  /// still reach is that of what it has now over the greatest length, else over its own.
  bool is_done() const {
    if (ended_.size() < most_ || !ended_.back().is_complete) return false;
    return std::ranges::all_of(under_way_, [&](const Sequence& text) {
      const std::int64_t length = search_.plan.length_penalty > 0
                                      ? search_.plan.max_length - std::ssize(search_.prompts[row_])
                                      : text.written + 1;
      return score_of(search_.plan, text.log_probability, length) <= ended_.back().score;
    });
  }

  const Search& search_;
  std::size_t row_;
  std::size_t most_;
  std::vector<Sequence> under_way_, ended_;
};

}  // namespace

Written find_by_beams(const Search& search) {
  std::vector<Beams> all;
  for (std::size_t row = 0; row < search.prompts.size(); ++row) all.emplace_back(search, row);
  while (true) {
    std::vector<Sequence> texts;
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < all.size(); ++row)
      for (const Sequence& text : all[row].under_way()) {
        texts.push_back(text);
        rows.push_back(row);
      }
    if (texts.empty()) break;
    NextTokens next(search, texts, rows);
    std::size_t first = 0;
    for (Beams& one : all) {
      const std::size_t count = one.under_way().size();
      if (count > 0) one.go_on(next, first);
      first += count;
    }
  }
  Written written;
  for (Beams& one : all) written.push_back(one.best());
  return written;
}

}  // namespace weft::host
