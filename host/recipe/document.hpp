// SPDX-License-Identifier: Apache-2.0
/// Recipe files → one tree of values: `extends`, `--set` and `let` are gone from it.

#pragma once

#include <string>
#include <vector>

#include "host/recipe/findings.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// Reads a recipe, merges it over those that it extends, applies the overrides and replaces `let`.
/// @param overrides  "graph.fusion.use=fusion.concat", in this order
/// @param findings   gets what is wrong with overrides and variables
/// @throws Error (no_input) if the file cannot be read; RecipeError if a file is not JSON or
///         `extends` leads nowhere, because then there is nothing left to check
Value read_document(const std::string& path, const std::vector<std::string>& overrides,
                    Findings& findings);

/// Lays `over` upon `base`: objects are merged by key, anything else is replaced, null removes.
/// @param pointer  where both stand
void merge(Value& base, Value over, const std::string& pointer, Findings& findings);

}  // namespace weft::host
