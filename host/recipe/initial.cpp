// SPDX-License-Identifier: Apache-2.0
#include "host/recipe/initial.hpp"

#include <nlohmann/json.hpp>

#include "host/base/text.hpp"

namespace weft::host {

std::vector<InitialFile> initial_files(const Recipe& recipe) {
  const auto root = nlohmann::json::parse(recipe.resolved);
  std::vector<InitialFile> files;
  for (const char* section : {"graph", "losses", "metrics"}) {
    const auto nodes = root.value(section, nlohmann::json::object());
    for (const auto& [name, node] : nodes.items()) {
      if (!node.is_object()) continue;  // told already
      const auto init = node.find("init");
      if (init != node.end() && init->is_string())
        files.push_back({name, concat("/", section, "/", name, "/init"), *init});
    }
  }
  return files;
}

}  // namespace weft::host
