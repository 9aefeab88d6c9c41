// SPDX-License-Identifier: Apache-2.0
/// `extends` inside a recipe: a data section, a field, a node or a stage starts from a sibling or
/// from an object of `let`.

#pragma once

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// Lays everything that extends something upon what it extends, as merge() does, and removes
/// `extends`. A sibling is named by its key, a stage by its name.
/// @returns false if the recipe would become too large, which is reported; it is of no use then
bool inherit(Value& recipe, Findings& findings);

}  // namespace weft::host
