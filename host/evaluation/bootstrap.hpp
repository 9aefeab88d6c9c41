// SPDX-License-Identifier: Apache-2.0
/// Intervals of any metric by the bootstrap: rows are drawn anew, and the metric of each drawing is
/// computed from what UPDATE made of each row alone.
///
/// Source  Efron 1979; percentile intervals as in Efron and Tibshirani 1993, chapter 13.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/graph/metric_states.hpp"

namespace weft::host {

/// How often each row stands in a drawing of as many rows as there are; the same for equal seeds
/// and numbers.
/// @param rows  at least 1
std::vector<std::int64_t> draw_rows(std::size_t rows, std::uint64_t seed, std::int64_t number);

/// The states of a metric after one row each, and any drawing of them.
class RowStates {
 public:
  explicit RowStates(const Instance& metric);

  /// @param states  initial_states() after UPDATE of one row
  void add(const States& states);
  std::size_t rows() const { return rows_; }

  /// As if UPDATE had got row i counts[i] times: sums and extremes of rows, and rows one below the
  /// other.
  States merged(const std::vector<std::int64_t>& counts) const;

 private:
  std::vector<StateDecl> declared_;
  std::vector<std::vector<Array>> arrays_;  ///< by state and row
  std::size_t rows_ = 0;
};

/// Where 95 % of the drawings lie.
struct MetricInterval {
  double low = 0, high = 0;
};
using MetricIntervals = std::map<std::string, MetricInterval>;

/// What a metric is in each drawing, by name.
using DrawnValues = std::map<std::string, std::vector<double>>;
using ComputeDrawing =
    std::function<std::map<std::string, double>(const std::vector<std::int64_t>& counts)>;

/// What `compute` says of so many drawings of the rows.
DrawnValues draw_values(std::size_t rows, std::int64_t drawings, std::uint64_t seed,
                        const ComputeDrawing& compute);

/// The 2.5 and 97.5 % quantiles of the first so many drawings. Values that are no number are left
/// out; of none the interval is none either.
MetricIntervals intervals_of(const DrawnValues& drawn, std::int64_t drawings);

}  // namespace weft::host
