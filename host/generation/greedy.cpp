// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "host/generation/search.hpp"

namespace weft::host {

Written find_greedily(const Search& search) {
  std::vector<std::size_t> rows(search.prompts.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::vector<Sequence> texts;
  for (const std::size_t row : rows) texts.push_back(begun(search, row));
  // Rows that have ended stay in the batch: a smaller one could be computed with other bits.
  while (!std::ranges::all_of(texts, &Sequence::has_ended)) {
    NextTokens next(search, texts, rows);
    for (const std::size_t row : rows) {
      if (texts[row].has_ended) continue;
      const std::span<float> logits = next.of(row);
      const auto best = std::ranges::max_element(logits) - logits.begin();
      if (is_any_left(logits))
        append(search, row, best, log_probabilities(logits)[static_cast<std::size_t>(best)],
               texts[row]);
      else
        texts[row].has_ended = true;
    }
    if (search.watch) search.watch(texts);
  }
  Written written;
  for (const std::size_t row : rows) {
    finish(search, row, texts[row]);
    written.push_back({std::move(texts[row])});
  }
  return written;
}

}  // namespace weft::host
