// SPDX-License-Identifier: Apache-2.0
/// The fields that views make of a section's: the same one with its rows shuffled, or absent.

#pragma once

#include <set>
#include <string>
#include <vector>

#include "host/graph/wiring.hpp"

namespace weft::host {

/// The fields of a section with those that views make of them.
/// @param names  of all fields that nodes read
std::vector<FieldSpec> with_made_fields(std::vector<FieldSpec> fields,
                                        const std::set<std::string>& names);

/// Whether a view has a node read rows of its inputs in another order.
bool reads_shuffled(const Node& node);

/// The names of all fields of batches that nodes read.
std::set<std::string> fields_of(const std::vector<Node>& nodes);

}  // namespace weft::host
