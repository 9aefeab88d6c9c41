// SPDX-License-Identifier: Apache-2.0
/// The files of weights that nodes begin training with: NODE.init.

#pragma once

#include <string>
#include <vector>

#include "host/recipe/recipe.hpp"

namespace weft::host {

struct InitialFile {
  std::string node;     ///< of graph, losses or metrics
  std::string pointer;  ///< "/graph/text/init"
  std::string file;     ///< absolute
};

/// By section and node in alphabetical order.
std::vector<InitialFile> initial_files(const Recipe& recipe);

}  // namespace weft::host
