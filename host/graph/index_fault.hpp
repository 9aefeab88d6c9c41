// SPDX-License-Identifier: Apache-2.0
/// Whose fault it is when a part meets an index that it has no row or class for.

#pragma once

#include <optional>
#include <string>

#include "host/base/error.hpp"
#include "host/graph/model.hpp"

namespace weft::host {

/// Where a call failed at an index out of range, and a field of the batch that is wired to the node
/// holds one: an Error that names field, value and range. It is the recipe's (bad_recipe), since
/// the field promises such values, or for a negative one the data's (bad_data).
/// @param said  the failed call's sentence
std::optional<Error> index_fault(const Node& node, const InputTensors& inputs,
                                 const std::string& said);

}  // namespace weft::host
