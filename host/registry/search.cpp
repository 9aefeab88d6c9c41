// SPDX-License-Identifier: Apache-2.0
/// Where plug-ins lie.

#include <cstdlib>
#include <sstream>

#include "host/base/prefix.hpp"
#include "host/registry/registry.hpp"

namespace weft::host {

namespace fs = std::filesystem;

std::vector<fs::path> default_search_path() {
  std::vector<fs::path> folders;
  if (const char* variable = std::getenv("WEFT_PLUGIN_PATH")) {
    std::istringstream names(variable);
    for (std::string name; std::getline(names, name, ':');)
      if (!name.empty()) folders.emplace_back(name);
  }
  std::error_code unknown;
  const fs::path shipped = installed_prefix() / "lib" / "weft" / "plugins";
  if (fs::is_directory(shipped, unknown)) folders.push_back(shipped);
  return folders;
}

}  // namespace weft::host
