// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "host/generation/drawing.hpp"

namespace weft::host {
namespace {

/// A text with what the draft would write next.
struct Ahead {
  std::size_t text;                       ///< which of the texts under way
  Sequence drafted;                       ///< the text with these tokens
  std::vector<std::vector<double>> from;  ///< for each of them what it was drawn from
};

/// @param logits  of one text after constrain(); they are changed
/// @return nothing where no token is left
std::vector<double> probabilities(const GenerationPlan& plan, std::span<float> logits) {
  return is_any_left(logits) ? next_distribution(plan, logits) : std::vector<double>{};
}

double at(const std::vector<double>& probabilities, std::size_t token) {
  return token < probabilities.size() ? probabilities[token] : 0;
}

/// What the draft writes behind each text that is under way.
std::vector<Ahead> drafts(const Search& search, Drawing& drawing) {
  Search drafting = search;
  drafting.next = search.draft;
  std::vector<Ahead> all;
  for (std::size_t i = 0; i < drawing.texts.size(); ++i)
    if (!drawing.texts[i].has_ended) all.push_back({i, drawing.texts[i], {}});
  for (std::int64_t drafted = 0; drafted < search.plan.draft.tokens; ++drafted) {
    std::vector<Ahead*> open;
    std::vector<Sequence> texts;
    std::vector<std::size_t> rows;
    for (Ahead& one : all) {
      if (one.drafted.has_ended || std::ssize(one.from) < drafted) continue;
      open.push_back(&one);
      texts.push_back(one.drafted);
      rows.push_back(drawing.rows[one.text]);
    }
    if (open.empty()) break;
    NextTokens next(drafting, texts, rows);
    texts.clear();  // they share the state of their constraints with the texts that go on
    for (std::size_t i = 0; i < open.size(); ++i) {
      Ahead& one = *open[i];
      std::vector<double> from = probabilities(search.plan, next.of(i));
      if (from.empty()) continue;
      const std::size_t token = drawn(from, drawing.random[one.text]);
      one.from.push_back(std::move(from));
      append(search, rows[i], static_cast<std::int64_t>(token), 0, one.drafted);
    }
  }
  return all;
}

/// What is drawn where a drafted token was refused: what the model has more of than the draft.
std::vector<double> what_is_missing(const std::vector<double>& wanted,
                                    const std::vector<double>& drafted) {
  std::vector<double> missing(wanted.size());
  double sum = 0;
  for (std::size_t token = 0; token < wanted.size(); ++token)
    sum += missing[token] = std::max(0.0, wanted[token] - at(drafted, token));
  if (sum == 0) return wanted;  // they are equal but for rounding
  for (double& share : missing) share /= sum;
  return missing;
}

/// Tokens that a decoder is given to judge a draft: all but one that ends the text.
Tokens judged(const Ahead& one) {
  Tokens tokens = one.drafted.tokens;
  if (one.drafted.has_ended) tokens.pop_back();
  return tokens;
}

/// Takes drafted tokens up to the first that is refused, and the model's own in its place or behind
/// the last.
/// @param logits  the model's at each of the text's tokens from its last on
void go_on(const Search& search, const Ahead& one, const std::vector<std::span<float>>& logits,
           std::size_t row, RandomSequence& random, Sequence& text) {
  const Tokens drafted(one.drafted.tokens.begin() + std::ssize(text.tokens),
                       one.drafted.tokens.end());
  for (std::size_t i = 0; i < logits.size() && !text.has_ended; ++i) {
    constrain_next(search, text, logits[i]);
    if (!is_any_left(logits[i])) {
      text.has_ended = true;
      return;
    }
    const std::vector<double> all = log_probabilities(logits[i]);
    const std::vector<double> wanted = next_distribution(search.plan, logits[i]);
    std::size_t token = 0;
    bool is_taken = false;
    if (i < drafted.size()) {
      token = static_cast<std::size_t>(drafted[i]);
      is_taken = unit(random) * at(one.from[i], token) < at(wanted, token);
      if (!is_taken) token = drawn(what_is_missing(wanted, one.from[i]), random);
    } else {
      token = drawn(wanted, random);
    }
    append(search, row, static_cast<std::int64_t>(token), all[token], text);
    if (!is_taken) return;
  }
}

}  // namespace

Written find_with_draft(const Search& search) {
  Drawing drawing = begin_drawing(search);
  while (!std::ranges::all_of(drawing.texts, &Sequence::has_ended)) {
    const std::vector<Ahead> all = drafts(search, drawing);
    std::vector<Tokens> texts;
    std::vector<std::size_t> rows;
    std::int64_t most = 0;
    for (const Ahead& one : all) {
      texts.push_back(judged(one));
      rows.push_back(drawing.rows[one.text]);
      most = std::max(most, std::ssize(texts.back()) - std::ssize(drawing.texts[one.text].tokens));
    }
    Array logits = search.judge(texts, rows, most + 1);
    const std::int64_t classes = logits.sizes[2];
    for (std::size_t i = 0; i < all.size(); ++i) {
      Sequence& text = drawing.texts[all[i].text];
      const std::int64_t count = std::ssize(texts[i]) - std::ssize(text.tokens) + 1;
      std::vector<std::span<float>> own;
      for (std::int64_t at = most + 1 - count; at <= most; ++at)
        own.emplace_back(
            logits.data<float>() + (static_cast<std::int64_t>(i) * (most + 1) + at) * classes,
            static_cast<std::size_t>(classes));
      go_on(search, all[i], own, rows[i], drawing.random[all[i].text], text);
    }
    if (search.watch) search.watch(drawing.texts);
  }
  return best_of(search, std::move(drawing));
}

}  // namespace weft::host
