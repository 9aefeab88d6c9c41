// SPDX-License-Identifier: Apache-2.0
/// Charts as SVG in a page (page.hpp), each with its values as a table below it.

#pragma once

#include <string>
#include <utility>
#include <vector>

namespace weft::host {

struct ChartPoint {
  double x = 0, y = 0;
  double low = 0, high = 0;  ///< around y; equal where there is no interval
};

/// A line over steps.
struct LineChart {
  std::string title;
  std::vector<ChartPoint> points;                     ///< by x
  std::vector<std::pair<double, std::string>> marks;  ///< where a stage begins, and its name
  bool may_be_log = false;  ///< of values above 0 that span a factor of 100, the logarithm is drawn
};

/// At most so many points of a curve are drawn; of more, each stands for the mean of its
/// neighbours, and a band for their smallest and largest.
constexpr std::size_t k_most_points = 200;
std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, std::size_t most);

std::string html_chart(const LineChart& chart);

/// An interval around a value, for charts that compare.
struct Interval {
  std::string label;
  double value = 0, low = 0, high = 0;
  std::string style;  ///< "good", "bad" or ""
};

/// A line each, around a line at 0.
std::string html_intervals(const std::string& title, const std::vector<Interval>& intervals);

/// Points (x, y) of the unit square, against the diagonal; the area of a dot is its share.
struct ReliabilityBin {
  double confidence = 0, accuracy = 0;  ///< means of the bin
  double share = 0;                     ///< of all answers
};
std::string html_reliability(const std::string& title, const std::vector<ReliabilityBin>& bins);

}  // namespace weft::host
