// SPDX-License-Identifier: Apache-2.0
/// Whether the ids of texts and classes fit the parts that read them. The host knows how many ids a
/// field has (FieldSpec::classes), and takes a part's own number from two names that parts share:
/// a port `target` is scored by the last axis of the port `logits`, and a configuration's `vocab`
/// is how many ids the part's ports of integers may hold. docs/guide.md tells third parties.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/graph/wiring.hpp"

namespace weft::host {

struct Report {
  using Say = std::function<void(const std::string& pointer, const std::string& text)>;
  Say problem;
  Say note;  ///< sound, but hardly meant
};

/// @param wires   of the node, where batches come from the section `data`
/// @param inputs  the specs of all wires, flattened in port order
/// @param fields  of the section
void check_ids(const Node& node, const PortWires& wires, const std::vector<weft_spec>& inputs,
               const std::string& data, const std::vector<FieldSpec>& fields, const Report& report);

}  // namespace weft::host
