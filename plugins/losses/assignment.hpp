// SPDX-License-Identifier: Apache-2.0
/// The cheapest assignment of rows to columns.

#pragma once

#include <cstddef>
#include <limits>
#include <vector>

namespace weft __attribute__((visibility("hidden"))) {

  /// The column of each row, no column twice, so that the sum of costs is the least. `cost` is
  /// [rows, columns], row by row, with rows ≤ columns and finite numbers. Takes rows² columns
  /// steps. Source  the Hungarian method (Kuhn 1955) with shortest augmenting paths and potentials:
  /// Jonker
  ///         and Volgenant 1987, doi:10.1007/BF02278710, without their initialisation.
  inline std::vector<std::size_t> cheapest_assignment(const std::vector<double>& cost,
                                                      std::size_t rows, std::size_t columns) {
    constexpr double k_far = std::numeric_limits<double>::infinity();
    // Row and column 0 are none; what is assigned has a reduced cost of 0, all else at least 0.
    std::vector<double> row_price(rows + 1), column_price(columns + 1);
    std::vector<std::size_t> row_of(columns + 1);
    for (std::size_t row = 1; row <= rows; ++row) {
      std::vector<double> distance(columns + 1, k_far);
      std::vector<std::size_t> before(columns + 1);
      std::vector<char> done(columns + 1);
      row_of[0] = row;
      std::size_t at = 0;
      while (row_of[at] != 0) {  // until the path ends at a free column
        done[at] = 1;
        const std::size_t from = row_of[at];
        std::size_t next = 0;
        for (std::size_t c = 1; c <= columns; ++c) {
          if (done[c] != 0) continue;
          const double reduced =
              cost[(from - 1) * columns + c - 1] - row_price[from] - column_price[c];
          if (reduced < distance[c]) {
            distance[c] = reduced;
            before[c] = at;
          }
          if (next == 0 || distance[c] < distance[next]) next = c;
        }
        const double step = distance[next];
        for (std::size_t c = 0; c <= columns; ++c) {
          if (done[c] != 0) {
            row_price[row_of[c]] += step;
            column_price[c] -= step;
          } else {
            distance[c] -= step;
          }
        }
        at = next;
      }
      for (; at != 0; at = before[at]) row_of[at] = row_of[before[at]];
    }
    std::vector<std::size_t> column_of(rows);
    for (std::size_t c = 1; c <= columns; ++c)
      if (row_of[c] != 0) column_of[row_of[c] - 1] = c - 1;
    return column_of;
  }

}  // namespace weft
