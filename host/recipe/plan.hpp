// SPDX-License-Identifier: Apache-2.0
/// A checked tree of values → the plain values of a Recipe.

#pragma once

#include <string>

#include "host/recipe/recipe.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// @param root      seen by the schema, which filled in defaults, and by check_meaning()
/// @param problems  what they found; parts and fields that it concerns are left out of the plans
Recipe make_recipe(const std::string& path, const Value& root, const Problems& problems);

/// One stage of it.
StagePlan read_stage(const Value& stage, const std::string& pointer);

}  // namespace weft::host
