// SPDX-License-Identifier: Apache-2.0
/// What the stages of a recipe mean for its parts: who runs, who learns.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The nodes that must run to compute `targets`, targets included, in running order.
std::vector<std::size_t> needed_nodes(const std::vector<Node>& nodes,
                                      const std::vector<std::size_t>& targets);

/// Whether a stage trains the parameter at `path`, "vision.block_0.attention.query.weight": a
/// pattern of `train` covers it and none of `freeze`. A pattern is a path in which `*` stands for
/// any characters; the beginning of a path, such as a node's name, means all below it.
bool is_trained(const StagePlan& stage, const std::string& path);

/// Reports, by pointer and sentence, every pattern that matches no node and no parameter, stages
/// that train nothing, and stages whose micro-batches would not add up to the large batch because a
/// part looks at several rows at once.
void check_stages(const Recipe& recipe, const std::vector<Node>& nodes,
                  const std::function<void(const std::string&, const std::string&)>& report);

}  // namespace weft::host
