// SPDX-License-Identifier: Apache-2.0
/// A directed graph as an SVG picture that needs nothing else: boxes in columns, from producers on
/// the left to consumers on the right. It is readable on a light and on a dark page.

#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace weft::host {

struct PictureNode {
  std::string title;
  std::vector<std::string> lines;  ///< below the title, smaller
  bool is_dashed = false;          ///< of a view
};

/// @param edges  from and to, as indices into `nodes`
/// REQUIRES: each edge leads from a node to one that comes later in `nodes`
std::string graph_svg(const std::vector<PictureNode>& nodes,
                      const std::vector<std::pair<std::size_t, std::size_t>>& edges);

}  // namespace weft::host
