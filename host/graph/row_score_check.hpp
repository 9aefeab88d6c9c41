// SPDX-License-Identifier: Apache-2.0
/// What gives each row of a batch a number, by which stages select rows and order examples.

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The output port [B] that `select` and `curriculum` read of a node: the one that is named; of a
/// loss "each", and of another node the first. Nothing where there is no such port: a loss is then
/// called for each row.
std::optional<std::size_t> row_score_port(const Instance& instance, const std::string& port);

/// Reports by pointer and sentence what a stage names that there is not, that has no number for
/// each row, and losses that cannot be computed of one row.
void check_row_scores(const StagePlan& stage, const std::vector<Node>& nodes,
                      const std::map<std::string, std::size_t>& by_name,
                      const std::function<void(const std::string&, const std::string&)>& report);

/// Names of the nodes that the stage needs for them, by the pointer that says so.
std::map<std::string, std::string> row_score_nodes(const StagePlan& stage);

}  // namespace weft::host
