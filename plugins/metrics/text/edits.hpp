// SPDX-License-Identifier: Apache-2.0
/// How one sequence becomes another by the fewest edits (Levenshtein).

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft __attribute__((visibility("hidden"))) {
  namespace text {

  struct Edits {
    double hits = 0, substitutions = 0, deletions = 0, insertions = 0;
    double count() const { return substitutions + deletions + insertions; }
  };

  /// Of several shortest ways the one that rapidfuzz, and so jiwer, takes: read from the end, a
  /// deletion before an insertion before a substitution, behind the common beginning.
  template <class Item>
  Edits edits_between(const std::vector<Item>& wanted, const std::vector<Item>& written) {
    std::size_t begin = 0, m = wanted.size(), n = written.size();
    while (begin < m && begin < n && wanted[begin] == written[begin]) ++begin;
    while (m > begin && n > begin && wanted[m - 1] == written[n - 1]) --m, --n;
    Edits edits;
    edits.hits = static_cast<double>(begin + wanted.size() - m);
    const std::size_t rows = m - begin, columns = n - begin;

    // distance[i][j] from the first i wanted to the first j written.
    const std::size_t width = columns + 1;
    std::vector<std::int32_t> distance((rows + 1) * width);
    const auto at = [&](std::size_t i, std::size_t j) -> std::int32_t& {
      return distance[i * width + j];
    };
    for (std::size_t i = 0; i <= rows; ++i) at(i, 0) = static_cast<std::int32_t>(i);
    for (std::size_t j = 0; j <= columns; ++j) at(0, j) = static_cast<std::int32_t>(j);
    for (std::size_t i = 1; i <= rows; ++i)
      for (std::size_t j = 1; j <= columns; ++j) {
        const bool same = wanted[begin + i - 1] == written[begin + j - 1];
        at(i, j) =
            std::min({at(i - 1, j - 1) + (same ? 0 : 1), at(i - 1, j) + 1, at(i, j - 1) + 1});
      }

    std::size_t i = rows, j = columns;
    while (i > 0 && j > 0) {
      if (at(i, j) == at(i - 1, j) + 1) {
        ++edits.deletions;
        --i;
      } else if (j > 1 && at(i, j - 1) == at(i - 1, j - 1) - 1) {
        ++edits.insertions;
        --j;
      } else {
        ++(wanted[begin + i - 1] == written[begin + j - 1] ? edits.hits : edits.substitutions);
        --i;
        --j;
      }
    }
    edits.deletions += static_cast<double>(i);
    edits.insertions += static_cast<double>(j);
    return edits;
  }

  }  // namespace text
}  // namespace weft
