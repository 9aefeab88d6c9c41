// SPDX-License-Identifier: Apache-2.0
#include "host/session/map_html.hpp"

#include <cmath>

#include "host/base/html.hpp"
#include "host/base/printable.hpp"
#include "host/base/text.hpp"
#include "host/data/inspect/map_picture.hpp"

namespace weft::host {
namespace {

/// Which of the tokens that ask are those of the sample and not behind its end.
std::vector<bool> real_queries(const TokenMap& map, const Dataset& data, const Batch& batch,
                               std::int64_t row) {
  std::vector<bool> real;
  for (const TokenSource& source : map.queries) {
    const std::vector<bool> one = real_tokens(data, batch, row, source.field, source.count);
    real.insert(real.end(), one.begin(), one.end());
  }
  return real;
}

/// Means over the first two axes, of the tokens that count.
std::vector<double> by_source(const TokenMap& map, const std::vector<bool>& real) {
  const auto heads = static_cast<std::size_t>(map.sizes[0]);
  const auto queries = static_cast<std::size_t>(map.sizes[1]);
  const auto sources = static_cast<std::size_t>(map.sizes[2]);
  std::vector<double> sums(sources, 0.0);
  double count = 0;
  for (std::size_t h = 0; h < heads; ++h)
    for (std::size_t q = 0; q < queries; ++q) {
      if (!real[q]) continue;
      ++count;
      for (std::size_t s = 0; s < sources; ++s)
        sums[s] += static_cast<double>(map.values[(h * queries + q) * sources + s]);
    }
  for (double& sum : sums) sum = count > 0 ? sum / count : 0;
  return sums;
}

std::string attention_html(const TokenMap& map, const Dataset& data, const Batch& batch,
                           std::int64_t row, const std::vector<bool>& real) {
  const std::vector<double> weights = by_source(map, real);
  double all = 0;
  for (const double weight : weights) all += weight;
  std::string html;
  std::size_t at = 0;
  for (const TokenSource& source : map.sources) {
    const std::vector<double> part(
        weights.begin() + static_cast<std::ptrdiff_t>(at),
        weights.begin() + static_cast<std::ptrdiff_t>(at) + source.count);
    at += part.size();
    double sum = 0;
    for (const double weight : part) sum += weight;
    if (map.sources.size() > 1)
      html += concat("<p><small>", escaped(source.field), ": ",
                     number(all > 0 ? 100 * sum / all : 0, "%.0f"), " %</small></p>");
    html += map_picture(data, batch, row, source.field, part,
                        concat("attention of ", map.node, " to ", source.field));
  }
  return html;
}

std::string gates_html(const TokenMap& map, const std::vector<bool>& real) {
  const auto queries = static_cast<std::size_t>(map.sizes[1]);
  const auto width = static_cast<std::size_t>(map.sizes[2]);
  std::string html = "<table>";
  for (std::size_t c = 0; c < map.sources.size(); ++c) {
    double sum = 0, count = 0;
    for (std::size_t q = 0; q < queries; ++q)
      for (std::size_t d = 0; real[q] && d < width; ++d, ++count)
        sum += static_cast<double>(map.values[(c * queries + q) * width + d]);
    const double mean = count > 0 ? sum / count : 0;
    html += concat("<tr><th scope=\"row\">", escaped(map.sources[c].field), "</th><td class=\"n\">",
                   number(mean, "%.2f"),
                   "</td><td class=\"gauge\"><svg viewBox=\"0 0 100 10\" "
                   "aria-hidden=\"true\"><rect class=\"bar\" width=\"",
                   number(100 * std::min(std::abs(mean), 1.0), "%.0f"),
                   "\" height=\"10\"/></svg></td></tr>");
  }
  return html + "</table>";
}

}  // namespace

std::string map_html(const TokenMap& map, const Dataset& data, const Batch& batch,
                     std::int64_t row) {
  const std::vector<bool> real = real_queries(map, data, batch, row);
  const bool is_gates = map.port == "gates";
  const std::string what =
      is_gates ? concat(map.node, ": how far its gates are open") : concat(map.node, ": attention");
  const std::string inside =
      is_gates ? gates_html(map, real) : attention_html(map, data, batch, row, real);
  return concat("<details><summary>", escaped(what), "</summary>", inside, "</details>\n");
}

}  // namespace weft::host
