// SPDX-License-Identifier: Apache-2.0
/// `defaults`: values for every stage and field that knows the key and is silent.

#pragma once

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// Fills in defaults.stage and defaults.field and removes them; defaults.config stays, because only
/// the parts know their keys. Objects are filled key by key, and null where a default would stand
/// leaves it out.
/// @param schema  the published one, which says who knows which key
/// @param expect_all_taken  a default that nothing takes is a problem
void fill_defaults(const Value& schema, Value& recipe, bool expect_all_taken, Findings& findings);

}  // namespace weft::host
