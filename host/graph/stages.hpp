// SPDX-License-Identifier: Apache-2.0
/// What the stages of a recipe mean for its parts: who runs, who learns.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// One combination of data and targets that a recipe runs.
struct Run {
  std::string data;
  std::int64_t batch;
  std::vector<std::size_t> targets;  ///< indices of nodes
};

/// All of them, as far as they are sound.
std::vector<Run> runs_of(const Recipe& recipe,
                         const std::map<std::string, std::vector<FieldSpec>>& fields,
                         const std::map<std::string, std::size_t>& by_name);

/// Names of parts that the recipe has and that could not be made.
std::set<std::string> missing_parts(const Recipe& recipe,
                                    const std::map<std::string, std::size_t>& by_name);

/// The nodes that must run to compute `targets`, targets included, in running order.
std::vector<std::size_t> needed_nodes(const std::vector<Node>& nodes,
                                      const std::vector<std::size_t>& targets);

/// Whether a pattern of `train`, `freeze` or an optimiser names a parameter: a pattern is a path in
/// which `*` stands for any characters; the beginning of a path, such as a node's name, means all
/// below it.
bool covers(const std::string& pattern, const std::string& path);

/// Where a pattern of `train` stands: /stages/0/train/1, or /stages/0/train/vision.* of an object.
std::string train_pointer(const StagePlan& stage, std::size_t index);

/// The options of the last pattern of `train` that covers the parameter.
GroupPlan group_of(const StagePlan& stage, const std::string& path);

/// Whether a stage trains the parameter at `path`, "vision.block_0.attention.query.weight": a
/// pattern of `train` covers it and none of `freeze`.
bool is_trained(const StagePlan& stage, const std::string& path);
/// The same at one step of the stage, from 0: not yet before the `from_step` of its group.
bool is_trained_at(const StagePlan& stage, const std::string& path, std::int64_t step);

/// Whether a stage moves a buffer of the node, "block_0.norm.running_mean", as the statistics of
/// batch normalisation are. Buffers follow the parameters beside them, or in the nearest enclosing
/// block that has any; in a node without parameters, `train` and `freeze` themselves.
bool is_moved(const StagePlan& stage, const Node& node, const std::string& buffer,
              std::int64_t step = std::numeric_limits<std::int64_t>::max());

/// Reports, by pointer and sentence, every pattern that matches no node and no parameter, stages
/// that train nothing, in their first step or at all, metrics to keep the best by that no part has,
/// stages whose micro-batches would not add up to the large batch because a part looks at several
/// rows at once, and losses that do so in batches of one row.
/// @param missing  names of parts that could not be made: what may mean them is not reported
/// @param ties     by the path of a parameter that of the one by which it is known
void check_stages(const Recipe& recipe, const std::vector<Node>& nodes,
                  const std::map<std::string, std::size_t>& by_name,
                  const std::map<std::string, std::string>& ties,
                  const std::set<std::string>& missing,
                  const std::function<void(const std::string&, const std::string&)>& report);

}  // namespace weft::host
