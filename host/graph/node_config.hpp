// SPDX-License-Identifier: Apache-2.0
/// What a part's configuration is made of before its schema checks it: what the recipe says, what
/// its wires bring along, and the defaults of the recipe.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/recipe/recipe.hpp"
#include "host/registry/registry.hpp"

namespace weft::host {

/// What is known of the tensors behind one wire before anything runs.
struct WireSizes {
  std::vector<std::int64_t> sizes;  ///< with the batch axis first; -1 where it is not known
  std::int64_t classes = 0;         ///< of a field: size of its vocabulary or list; 0: none
};

/// What is known of an input port's wires, of each data section one entry for each wire.
using SizesOf = std::function<std::vector<WireSizes>(const std::vector<Wire>& wires)>;

struct NodeConfig {
  std::string values;                          ///< a JSON object
  std::map<std::string, std::string> origins;  ///< pointers of the values that the node lacks
  std::vector<std::string> dropped;            ///< keys for another part, which this one lacks
  std::vector<std::string> known_defaults;     ///< keys of defaults.config that the part has
  std::vector<std::string> defaults;           ///< those of them that it took
};

/// @param schema       of the part's configuration; a property may say
///                     "x-from": {"port": "tokens", "axis": 2}, or "classes": true for the axis;
///                     a recipe of format 1 does not follow it
/// @param wires        of the node, by input port
NodeConfig fill_config(const NodePlan& plan, const std::string& schema,
                       const std::map<std::string, std::vector<Wire>>& wires, const Recipe& recipe,
                       const SizesOf& sizes_of);

/// A configuration that is no node's, with the part's defaults filled in.
/// @param pointer   that those of problems begin with
/// @param problems  gets what is wrong with it
std::string complete_config(const Part& part, const std::string& config, const std::string& pointer,
                            std::vector<Problem>& problems);
/// @throws Error (bad_recipe) with the first thing that is wrong with it
std::string complete_config(const Part& part, const std::string& config);

/// The input port that a schema names as the source of sizes, if it is one alone; else empty.
std::string port_of_sizes(const std::string& schema);

}  // namespace weft::host
