// SPDX-License-Identifier: Apache-2.0
/// Short forms of a recipe → the long ones that everything else reads.

#pragma once

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// Writes out in the whole recipe:
///   "shards": "qa-{train,val}-*.tar"  →  {"train": ["qa-train-*.tar"], "val": ["qa-val-*.tar"]}
///   "losses": ["ce"] of a stage       →  {"ce": 1}
///   "on_divergence": "skip" of it     →  {"do": "skip"}
/// @param findings  gets what cannot be written out; null leaves it for later
void write_out_short_forms(Value& recipe, Findings* findings);

}  // namespace weft::host
