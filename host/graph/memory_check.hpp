// SPDX-License-Identifier: Apache-2.0
/// Whether a model and its batches can be held in memory at all.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/graph/wiring.hpp"

namespace weft::host {

/// Elements of a tensor, of all parameters of a part; INT64_MAX where they are more.
std::int64_t element_count(const std::vector<std::int64_t>& sizes);
std::int64_t parameter_count(const Node& node);

/// Elements of those of a node that train in the stage; 0 where they are another node's.
std::int64_t trained_count(const Node& node, const StagePlan& stage);

/// More bytes than a processor of today can address.
constexpr double k_any_memory = 0x1p47;
/// Bytes of memory of this machine.
double machine_memory();

/// What needs more than `memory` bytes: the parameters of all parts, each with its gradient and the
/// two moments of its optimiser, and the fields of a batch. What a step computes in between is not
/// known before.
std::vector<Problem> memory_problems(const Recipe& recipe, const std::vector<Node>& nodes,
                                     const std::map<std::string, std::vector<FieldSpec>>& fields,
                                     double memory);

}  // namespace weft::host
