// SPDX-License-Identifier: Apache-2.0
#include "host/report/chart.hpp"

#include <algorithm>
#include <cmath>

#include "host/base/html.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/report/page.hpp"

namespace weft::host {
namespace {

constexpr double k_width = 360, k_height = 190, k_left = 50, k_right = 8, k_top = 16, k_bottom = 22;

std::string text_of(double value) {
  const double size = std::abs(value);
  if (value != 0 && (size < 1e-3 || size >= 1e6)) return number(value, "%.1e");
  std::string text = number(value, "%.4g");
  return text;
}

/// "12.5": enough for a screen.
std::string place(double value) {
  return number(value, "%.1f");
}

/// A straight scale from values to places.
struct Scale {
  double low, high, begin, end;
  bool is_log = false;

  double of(double value) const {
    const double part =
        is_log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return begin + part * (end - begin);
  }
};

/// Round numbers within the scale, about `count`.
std::vector<double> ticks(const Scale& scale, int count) {
  std::vector<double> at;
  if (scale.is_log) {
    const double first = std::ceil(std::log10(scale.low)),
                 last = std::floor(std::log10(scale.high));
    const double stride = std::max(1.0, std::ceil((last - first) / count));
    for (double power = first; power <= last; power += stride) at.push_back(std::pow(10, power));
    return at;
  }
  const double rough = (scale.high - scale.low) / count;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double unit = rough / power;
  const double step = power * (unit < 1.5 ? 1 : unit < 3.5 ? 2 : unit < 7.5 ? 5 : 10);
  for (double value = std::ceil(scale.low / step) * step; value <= scale.high + step * 1e-9;
       value += step)
    at.push_back(std::abs(value) < step * 1e-9 ? 0 : value);
  return at;
}

std::string axes(const Scale& x, const Scale& y) {
  std::string svg;
  for (const double value : ticks(y, 4))
    svg += concat("<line class=\"axis\" x1=\"", place(x.begin), "\" x2=\"", place(x.end),
                  "\" y1=\"", place(y.of(value)), "\" y2=\"", place(y.of(value)),
                  "\"/><text text-anchor=\"end\" x=\"", place(x.begin - 4), "\" y=\"",
                  place(y.of(value) + 4), "\">", text_of(value), "</text>");
  for (const double value : ticks(x, 4))
    svg += concat("<text text-anchor=\"middle\" x=\"", place(x.of(value)), "\" y=\"",
                  place(y.begin + 15), "\">", text_of(value), "</text>");
  return svg;
}

std::string stage_marks(const LineChart& chart, const Scale& x, const Scale& y) {
  std::string svg;
  double free = 0;
  for (const auto& [at, name] : chart.marks) {
    const double left = x.of(at);
    if (left < x.begin - 1 || left > x.end + 1) continue;
    if (at > x.low)
      svg += concat("<line class=\"stage\" x1=\"", place(left), "\" x2=\"", place(left), "\" y1=\"",
                    place(y.begin), "\" y2=\"", place(y.end), "\"/>");
    const double needed = 6.5 * static_cast<double>(name.size());
    if (left + 2 < free || left + needed > x.end) continue;  // no room for the name
    svg += concat("<text x=\"", place(left + 2), "\" y=\"", place(y.end - 4), "\">", escaped(name),
                  "</text>");
    free = left + needed;
  }
  return svg;
}

/// Pieces of a line between values that are no numbers.
std::vector<std::vector<ChartPoint>> pieces(const std::vector<ChartPoint>& points) {
  std::vector<std::vector<ChartPoint>> all(1);
  for (const ChartPoint& point : points) {
    if (std::isfinite(point.y))
      all.back().push_back(point);
    else if (!all.back().empty())
      all.emplace_back();
  }
  if (all.back().empty()) all.pop_back();
  return all;
}

std::string curve(const std::vector<ChartPoint>& points, const Scale& x, const Scale& y) {
  std::string line, upper, lower;
  bool has_band = false;
  for (const ChartPoint& point : points) {
    line += concat(place(x.of(point.x)), ",", place(y.of(point.y)), " ");
    upper += concat(place(x.of(point.x)), ",", place(y.of(point.high)), " ");
    lower = concat(place(x.of(point.x)), ",", place(y.of(point.low)), " ") + lower;
    has_band = has_band || point.low != point.high;
  }
  std::string svg =
      has_band ? concat("<polygon class=\"band\" points=\"", upper, lower, "\"/>") : "";
  svg += concat("<polyline class=\"curve\" points=\"", line, "\"/>");
  if (points.size() <= 40)
    for (const ChartPoint& point : points)
      svg += concat("<circle class=\"dot\" r=\"2.2\" cx=\"", place(x.of(point.x)), "\" cy=\"",
                    place(y.of(point.y)), "\"/>");
  return svg;
}

/// At most a dozen rows, the first and the last among them.
std::string values_table(const LineChart& chart) {
  std::vector<std::vector<std::string>> rows{{"step", chart.title}};
  const std::size_t count = chart.points.size(), shown = std::min<std::size_t>(count, 12);
  for (std::size_t i = 0; i < shown; ++i) {
    const ChartPoint& point = chart.points[shown == 1 ? 0 : i * (count - 1) / (shown - 1)];
    std::string cell = text_of(point.y);
    if (point.low != point.high && std::isfinite(point.low))
      cell += concat(" [", text_of(point.low), ", ", text_of(point.high), "]");
    rows.push_back({text_of(point.x), cell});
  }
  return html_details("Values", html_table("", rows));
}

std::string svg_begin(const std::string& label, double height) {
  return concat("<svg viewBox=\"0 0 ", k_width, " ", height, "\" role=\"img\" aria-label=\"",
                escaped(label), "\">");
}

}  // namespace

std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, std::size_t most) {
  if (points.size() <= most) return points;
  std::vector<ChartPoint> thin;
  for (std::size_t bucket = 0; bucket < most; ++bucket) {
    const std::size_t begin = points.size() * bucket / most,
                      end = points.size() * (bucket + 1) / most;
    ChartPoint mean{0, 0, INFINITY, -INFINITY};
    std::size_t finite = 0;
    for (std::size_t i = begin; i < end; ++i) {
      mean.x += points[i].x / static_cast<double>(end - begin);
      if (!std::isfinite(points[i].y)) continue;
      ++finite;
      mean.y += points[i].y;
      mean.low = std::min(mean.low, points[i].low);
      mean.high = std::max(mean.high, points[i].high);
    }
    mean.y = finite > 0 ? mean.y / static_cast<double>(finite) : NAN;
    thin.push_back(mean);
  }
  return thin;
}

std::string html_chart(const LineChart& chart) {
  const std::vector<ChartPoint> points = thinned(chart.points, k_most_points);
  double low = INFINITY, high = -INFINITY;
  for (const ChartPoint& point : points) {
    if (!std::isfinite(point.y)) continue;
    low = std::min({low, point.y, point.low}), high = std::max({high, point.y, point.high});
  }
  if (!(low <= high)) return "";
  const std::string label =
      concat(chart.title, ": from ", text_of(points.front().y), " to ", text_of(points.back().y),
             ", between ", text_of(low), " and ", text_of(high));
  const bool is_log = chart.may_be_log && low > 0 && high / low >= 100;
  const double margin = high > low ? (high - low) * 0.05 : std::max(std::abs(high) * 0.1, 1e-9);
  const Scale y{is_log ? low : low - margin, is_log ? high : high + margin, k_height - k_bottom,
                k_top, is_log};
  const double first = points.front().x, last = points.back().x;
  const Scale x{first, last > first ? last : first + 1, k_left, k_width - k_right};
  std::string svg = svg_begin(label, k_height) + axes(x, y) + stage_marks(chart, x, y);
  for (const std::vector<ChartPoint>& piece : pieces(points)) svg += curve(piece, x, y);
  return concat("<figure><figcaption>", escaped(chart.title), is_log ? " (logarithmic)" : "",
                "</figcaption>", svg, "</svg>", values_table(chart), "</figure>\n");
}

std::string html_intervals(const std::string& title, const std::vector<Interval>& intervals) {
  double reach = 0;
  for (const Interval& one : intervals)
    for (const double end : {one.low, one.high, one.value})
      if (std::isfinite(end)) reach = std::max(reach, std::abs(end));
  if (reach == 0) reach = 1;
  constexpr double k_row = 34;
  const double height = k_row * static_cast<double>(intervals.size()) + 24;
  const Scale x{-reach * 1.05, reach * 1.05, 10, k_width - 10};
  std::string svg = svg_begin(title, height);
  for (const double tick : ticks(x, 4))
    svg += concat("<line class=\"axis\" x1=\"", place(x.of(tick)), "\" x2=\"", place(x.of(tick)),
                  "\" y1=\"0\" y2=\"", place(height - 20), "\"/><text text-anchor=\"middle\" x=\"",
                  place(x.of(tick)), "\" y=\"", place(height - 6), "\">", text_of(tick), "</text>");
  svg += concat("<line class=\"stage\" x1=\"", place(x.of(0)), "\" x2=\"", place(x.of(0)),
                "\" y1=\"0\" y2=\"", place(height - 20), "\"/>");
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const Interval& one = intervals[i];
    const double y = k_row * static_cast<double>(i) + 24;
    svg += concat("<text x=\"10\" y=\"", place(y - 10), "\">", escaped(one.label), "</text>");
    if (!std::isfinite(one.low) || !std::isfinite(one.high)) continue;
    const std::string style = one.style.empty() ? "curve" : one.style;
    svg += concat("<line class=\"", style, "\" stroke-width=\"2\" x1=\"", place(x.of(one.low)),
                  "\" x2=\"", place(x.of(one.high)), "\" y1=\"", place(y), "\" y2=\"", place(y),
                  "\"/><circle class=\"", one.style.empty() ? "dot" : one.style, "\" r=\"4\" cx=\"",
                  place(x.of(one.value)), "\" cy=\"", place(y), "\"/>");
  }
  return concat("<figure><figcaption>", escaped(title), "</figcaption>", svg, "</svg></figure>\n");
}

std::string html_reliability(const std::string& title, const std::vector<ReliabilityBin>& bins) {
  const Scale x{0, 1, k_left, k_left + 160}, y{0, 1, 180, k_top};
  std::string svg = svg_begin(title, 204) + axes(x, y);
  svg += concat("<line class=\"ideal\" x1=\"", place(x.of(0)), "\" y1=\"", place(y.of(0)),
                "\" x2=\"", place(x.of(1)), "\" y2=\"", place(y.of(1)), "\"/>");
  std::vector<std::vector<std::string>> rows{{"confidence", "accuracy", "share"}};
  for (const ReliabilityBin& bin : bins) {
    svg += concat("<circle class=\"dot\" fill-opacity=\".7\" r=\"",
                  place(2 + 12 * std::sqrt(bin.share)), "\" cx=\"", place(x.of(bin.confidence)),
                  "\" cy=\"", place(y.of(bin.accuracy)), "\"/>");
    rows.push_back(
        {number(bin.confidence, "%.3f"), number(bin.accuracy, "%.3f"), number(bin.share, "%.3f")});
  }
  return concat("<figure><figcaption>", escaped(title), "</figcaption>", svg, "</svg>",
                html_details("Values", html_table("", rows)), "</figure>\n");
}

}  // namespace weft::host
