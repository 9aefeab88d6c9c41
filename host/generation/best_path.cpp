// SPDX-License-Identifier: Apache-2.0
#include "host/generation/best_path.hpp"

#include <algorithm>

namespace weft::host {

std::vector<Tokens> best_paths(const Array& logits, const Array& mask, std::int64_t blank) {
  const std::int64_t frames = logits.sizes[1], classes = logits.sizes[2];
  std::vector<Tokens> rows(static_cast<std::size_t>(logits.sizes[0]));
  const float* scores = logits.data<float>();
  std::int64_t frame = 0;
  for (Tokens& row : rows) {
    std::int64_t before = blank;
    for (std::int64_t t = 0; t < frames; ++t, ++frame, scores += classes) {
      if (mask.bytes && !mask.data<bool>()[frame]) continue;
      const std::int64_t best = std::max_element(scores, scores + classes) - scores;
      if (best != before && best != blank) row.push_back(best);
      before = best;
    }
  }
  return rows;
}

}  // namespace weft::host
