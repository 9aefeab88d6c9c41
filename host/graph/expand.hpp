// SPDX-License-Identifier: Apache-2.0
/// A wired recipe with everything filled in.

#pragma once

#include "host/graph/wiring.hpp"
#include "host/recipe/recipe.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// Recipe::resolved with every key of every configuration, whoever gave it, and every wire at its
/// port by its whole name; `defaults` are gone.
/// REQUIRES: `wiring` was made of the recipe
Value expanded(const Recipe& recipe, const Wiring& wiring);

}  // namespace weft::host
