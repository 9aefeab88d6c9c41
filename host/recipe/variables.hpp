// SPDX-License-Identifier: Apache-2.0
/// `let`: named values of a recipe.

#pragma once

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// Replaces every string "$name" by the value that `let` gives to the name, makes "$$name" the text
/// "$name", and removes `let`. A value of `let` may use the names above it. A replaced value keeps
/// the place where `let` gives it, and has the place where it is used beside it.
/// @returns false if the recipe would become too large, which is reported; it is of no use then
/// @param expect_all_used  a name that nothing uses is a problem; one set by `--set` always is
bool replace_variables(Value& recipe, bool expect_all_used, Findings& findings);

/// "$x" is a text by now; written back it must not turn into a variable: "$$x", in all strings.
void escape_variables(Value& value);

}  // namespace weft::host
