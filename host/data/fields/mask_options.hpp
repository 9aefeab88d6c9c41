// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <vector>

#include "host/data/fields/options.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {

/// Reads `mask`, `visual_tokens` and `optional` of a field whose kind is known.
void read_mask_options(const Section& section, FieldOptions& field);

/// @param fields  with their own masks read
JointMasking joint_masking(const Section& section, const std::vector<FieldOptions>& fields);

}  // namespace weft::host
