// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "host/generation/drawing.hpp"

namespace weft::host {

double unit(RandomSequence& random) {
  return static_cast<double>(random.next() >> 11) * 0x1p-53;
}

std::size_t drawn(std::span<const double> probabilities, RandomSequence& random) {
  double rest = unit(random);
  std::size_t last = 0;
  for (std::size_t token = 0; token < probabilities.size(); ++token) {
    const double share = probabilities[token];
    if (share == 0) continue;
    last = token;
    if (rest < share) break;
    rest -= share;
  }
  return last;  // rounding may leave a rest behind all of them
}

Drawing begin_drawing(const Search& search) {
  const GenerationPlan& plan = search.plan;
  const auto each = static_cast<std::size_t>(std::max(plan.best_of, plan.num_return_sequences));
  Drawing drawing;
  for (std::size_t row = 0; row < search.prompts.size(); ++row)
    for (std::size_t i = 0; i < each; ++i) {
      drawing.texts.push_back(begun(search, row));
      drawing.rows.push_back(row);
      drawing.random.push_back(RandomSequence({plan.seed, search.first_row + row, i}));
    }
  return drawing;
}

Written best_of(const Search& search, Drawing drawing) {
  Written written(search.prompts.size());
  for (std::size_t i = 0; i < drawing.texts.size(); ++i) {
    finish(search, drawing.rows[i], drawing.texts[i]);
    written[drawing.rows[i]].push_back(std::move(drawing.texts[i]));
  }
  for (std::vector<Sequence>& row : written) {
    std::ranges::stable_sort(row, is_better);
    row.resize(static_cast<std::size_t>(search.plan.num_return_sequences));
  }
  return written;
}

Written find_by_sampling(const Search& search) {
  Drawing drawing = begin_drawing(search);
  std::vector<Sequence>& texts = drawing.texts;
  while (!std::ranges::all_of(texts, &Sequence::has_ended)) {
    NextTokens next(search, texts, drawing.rows);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i].has_ended) continue;
      const std::span<float> logits = next.of(i);
      if (!is_any_left(logits)) {
        texts[i].has_ended = true;
        continue;
      }
      const std::vector<double> all = log_probabilities(logits);
      const std::size_t token = drawn(next_distribution(search.plan, logits), drawing.random[i]);
      append(search, drawing.rows[i], static_cast<std::int64_t>(token), all[token], texts[i]);
    }
    if (search.watch) search.watch(texts);
  }
  return best_of(search, std::move(drawing));
}

}  // namespace weft::host
