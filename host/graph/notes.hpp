// SPDX-License-Identifier: Apache-2.0
/// What a wired recipe can do, but hardly means to: parts that nothing needs, fields that nothing
/// reads, parts that are to learn and feed no loss, decoders that keep nothing of what they write.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/graph/id_check.hpp"
#include "host/graph/wiring.hpp"

namespace weft::host {

/// The wires of every node, by data section.
using WiresByData = std::map<std::string, std::vector<PortWires>>;

/// Notes, and as a problem a stage in which nothing that is trained feeds a loss.
void note_stages(const Recipe& recipe, const std::vector<Node>& nodes,
                 const std::map<std::string, std::size_t>& by_name, const Report& report);

/// Parts and data sections that nothing uses, and fields that no part reads where their section is
/// used.
void note_unused(const Recipe& recipe, const std::vector<Node>& nodes,
                 const std::map<std::string, std::size_t>& by_name, const WiresByData& wires,
                 const Report& report);

/// Decoders that write and compute the whole text for each token.
void note_uncached(const Recipe& recipe, const std::vector<Node>& nodes,
                   const std::map<std::string, std::size_t>& by_name, const Report& report);

}  // namespace weft::host
