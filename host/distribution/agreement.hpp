// SPDX-License-Identifier: Apache-2.0
/// What must be the same on all ranks.

#pragma once

#include <map>
#include <string>

#include "host/engine/comm/collective.hpp"

namespace weft::host {

/// Compares what every rank says of itself with what rank 0 says.
/// @param facts  name → value, `data "train"` → its fingerprint; on all ranks the same call
/// @throws Error (bad_recipe) on every rank, naming the first rank and fact that differ
void require_same(Collective& ranks, const std::map<std::string, std::string>& facts);

}  // namespace weft::host
