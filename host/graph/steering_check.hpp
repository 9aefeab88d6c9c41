// SPDX-License-Identifier: Apache-2.0
/// Whether what an entry of `evaluate.generate` names as its logits can be.

#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "host/graph/id_check.hpp"
#include "host/graph/wiring.hpp"

namespace weft::host {

/// `logits` is an output of the graph which follows from the entry's decoder, and from others of
/// the same text and tokens, through functions that look at each position by itself alone.
void check_steering(const GenerationPlan& entry, const std::vector<Node>& nodes,
                    const std::map<std::string, std::size_t>& by_name, const Report& report);

}  // namespace weft::host
