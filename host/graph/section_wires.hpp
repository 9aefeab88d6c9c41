// SPDX-License-Identifier: Apache-2.0
/// What the recipe's wires become where batches come from one data section.
///
/// A port `present` [B] bool says which samples have all that the part reads, `NAME_present` which
/// have what is wired to the port NAME, and so does a mask of one axis. Where the recipe leaves
/// them out, the host wires them. A sample has a field if the field is not optional or its
/// `FIELD_present` is true; it has what a node makes if it has any of what the node reads.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "host/graph/wiring.hpp"

namespace weft::host {

/// What there is to say about a node in this section.
struct SectionRemark {
  std::size_t node = 0;
  std::string pointer, text;
};

struct SectionWires {
  std::vector<PortWires> inputs;  ///< by node
  std::vector<SectionRemark> remarks;
};

/// @param nodes   producers before consumers, wired as the recipe says
/// @param fields  of the section
SectionWires section_wires(const std::vector<Node>& nodes, const std::string& section,
                           const std::vector<FieldSpec>& fields);

}  // namespace weft::host
