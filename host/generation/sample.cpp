// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "host/base/random.hpp"
#include "host/generation/search.hpp"

namespace weft::host {
namespace {

/// A token drawn from the softmax of the logits.
std::size_t drawn(std::span<const float> logits, RandomSequence& random) {
  const std::vector<double> all = log_probabilities(logits);
  double rest = static_cast<double>(random.next() >> 11) * 0x1p-53;  // even over [0, 1)
  std::size_t last = 0;
  for (std::size_t token = 0; token < all.size(); ++token) {
    const double share = std::exp(all[token]);
    if (share == 0) continue;
    last = token;
    if (rest < share) break;
    rest -= share;
  }
  return last;  // rounding may leave a rest behind all of them
}

}  // namespace

Written find_by_sampling(const Search& search) {
  const GenerationPlan& plan = search.plan;
  const auto each = static_cast<std::size_t>(std::max(plan.best_of, plan.num_return_sequences));
  std::vector<Sequence> texts;
  std::vector<std::size_t> rows;
  std::vector<RandomSequence> random;
  for (std::size_t row = 0; row < search.prompts.size(); ++row)
    for (std::size_t i = 0; i < each; ++i) {
      texts.push_back(begun(search, row));
      rows.push_back(row);
      random.push_back(RandomSequence({plan.seed, search.first_row + row, i}));
    }
  while (!std::ranges::all_of(texts, &Sequence::has_ended)) {
    NextTokens next(search, texts, rows);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i].has_ended) continue;
      const std::span<float> logits = next.of(i);
      if (!is_any_left(logits)) {
        texts[i].has_ended = true;
        continue;
      }
      const std::vector<double> all = log_probabilities(logits);
      warp(logits, plan);
      const std::size_t token = drawn(logits, random[i]);
      append(search, rows[i], static_cast<std::int64_t>(token), all[token], texts[i]);
    }
    if (search.watch) search.watch(texts);
  }
  Written written(search.prompts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    finish(search, rows[i], texts[i]);
    written[rows[i]].push_back(std::move(texts[i]));
  }
  for (std::vector<Sequence>& row : written) {
    std::ranges::stable_sort(row, std::ranges::greater{}, &Sequence::score);
    row.resize(static_cast<std::size_t>(plan.num_return_sequences));
  }
  return written;
}

}  // namespace weft::host
