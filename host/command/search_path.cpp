// SPDX-License-Identifier: Apache-2.0

#include "host/command/options.hpp"

namespace weft::host {

std::vector<std::filesystem::path> search_path(const Options& options) {
  if (options.plugins.empty()) return default_search_path();
  return {options.plugins.begin(), options.plugins.end()};
}

}  // namespace weft::host
