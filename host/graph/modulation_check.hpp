// SPDX-License-Identifier: Apache-2.0
/// Functions that scale the gradients of a stage, and what of gradients they may read.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// Stands before the dot of a wire from gradients.
constexpr const char* k_gradient = "grad";

/// Sizes of what a function may read of gradients where a stage modulates by it: G groups, T
/// losses. "loss" [T] float32: each loss, a mean over the step, in the order of their names. "gram"
/// [G, T, T] float32: products g_s · g_t of the gradients of λ_t L_t in each group. Nothing if no
/// stage does, or there is nothing of that name.
std::optional<std::vector<std::int64_t>> gradient_sizes(const Recipe& recipe,
                                                        const std::string& node,
                                                        const std::string& what);

/// Reports by pointer and sentence a scale that no function computes or that a loss reads, one
/// whose sizes are not [G] or [G, T], stages of unlike losses or groups that share it, and one that
/// cannot be put together from micro-batches.
void check_modulation(const StagePlan& stage, const std::vector<Node>& nodes,
                      const std::map<std::string, std::size_t>& by_name,
                      const std::function<void(const std::string&, const std::string&)>& report);

/// Reports names in `recompute` that are no graph nodes.
void check_recomputed(const StagePlan& stage, const std::vector<Node>& nodes,
                      const std::map<std::string, std::size_t>& by_name,
                      const std::function<void(const std::string&, const std::string&)>& report);

}  // namespace weft::host
