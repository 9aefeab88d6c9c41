// SPDX-License-Identifier: Apache-2.0
#include "host/report/graph_picture.hpp"

#include <algorithm>

#include "host/base/printable.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

// Pixels.
constexpr std::size_t k_margin = 16, k_line = 16, k_letter = 7, k_gap_x = 56, k_gap_y = 18;

constexpr const char* k_style =
    "<style>svg{color-scheme:light dark;background:Canvas}text{font:12px system-ui,sans-serif;"
    "fill:CanvasText}.t{font-weight:600}rect{fill:none;stroke:#3b78c4;stroke-width:1.5}"
    ".v{stroke-dasharray:5 3}path{fill:none;stroke:#8a8f98;stroke-width:1.3}</style>\n";

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : printable(text)) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else
      result += c;
  }
  return result;
}

struct Box {
  std::size_t x = 0, y = 0, width = 0, height = 0;
};

std::size_t width_of(const PictureNode& node) {
  std::size_t letters = node.title.size();
  for (const std::string& line : node.lines) letters = std::max(letters, line.size());
  return letters * k_letter + k_margin;
}

/// The longest way from a node without producers.
std::vector<std::size_t> columns_of(std::size_t count,
                                    const std::vector<std::pair<std::size_t, std::size_t>>& edges) {
  std::vector<std::size_t> columns(count, 0);
  for (std::size_t node = 0; node < count; ++node)
    for (const auto& [from, to] : edges)
      if (to == node) columns[node] = std::max(columns[node], columns[from] + 1);
  return columns;
}

std::vector<Box> laid_out(const std::vector<PictureNode>& nodes,
                          const std::vector<std::size_t>& columns) {
  std::vector<Box> boxes(nodes.size());
  std::size_t x = k_margin;
  for (std::size_t column = 0; column < nodes.size(); ++column) {
    std::size_t y = k_margin, widest = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (columns[i] != column) continue;
      const std::size_t height = (nodes[i].lines.size() + 1) * k_line + k_margin;
      boxes[i] = {x, y, width_of(nodes[i]), height};
      widest = std::max(widest, boxes[i].width);
      y += height + k_gap_y;
    }
    if (widest > 0) x += widest + k_gap_x;
  }
  return boxes;
}

std::string drawn(const PictureNode& node, const Box& box) {
  std::string text =
      concat("<rect x=\"", box.x, "\" y=\"", box.y, "\" width=\"", box.width, "\" height=\"",
             box.height, "\" rx=\"6\"", node.is_dashed ? " class=\"v\"" : "", "/>\n");
  std::size_t y = box.y + k_line + 4;
  const auto write = [&](const std::string& line, const char* style) {
    text +=
        concat("<text x=\"", box.x + 8, "\" y=\"", y, "\"", style, ">", escaped(line), "</text>\n");
    y += k_line;
  };
  write(node.title, " class=\"t\"");
  for (const std::string& line : node.lines) write(line, "");
  return text;
}

std::string arrow(const Box& from, const Box& to) {
  const std::size_t x = from.x + from.width, y = from.y + from.height / 2;
  const std::size_t middle = (x + to.x) / 2, end = to.y + to.height / 2;
  return concat("<path d=\"M", x, " ", y, " C", middle, " ", y, " ", middle, " ", end, " ", to.x,
                " ", end, "\" marker-end=\"url(#a)\"/>\n");
}

}  // namespace

std::string graph_svg(const std::vector<PictureNode>& nodes,
                      const std::vector<std::pair<std::size_t, std::size_t>>& edges) {
  const std::vector<Box> boxes = laid_out(nodes, columns_of(nodes.size(), edges));
  std::size_t width = 0, height = 0;
  for (const Box& box : boxes) {
    width = std::max(width, box.x + box.width + k_margin);
    height = std::max(height, box.y + box.height + k_margin);
  }
  std::string text = concat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width, "\" height=\"", height,
      "\" viewBox=\"0 0 ", width, " ", height, "\" role=\"img\">\n<title>graph</title>\n", k_style,
      "<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" "
      "markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0 L8 4 L0 8\"/></marker></defs>\n");
  for (const auto& [from, to] : edges) text += arrow(boxes[from], boxes[to]);
  for (std::size_t i = 0; i < nodes.size(); ++i) text += drawn(nodes[i], boxes[i]);
  return text + "</svg>\n";
}

}  // namespace weft::host
