// SPDX-License-Identifier: Apache-2.0
/// A checked tree of values → the plain values of a Recipe.

#pragma once

#include <string>

#include "host/recipe/recipe.hpp"
#include "host/recipe/value.hpp"

namespace weft::host {

/// REQUIRES: the schema and check_meaning() found nothing wrong; defaults are filled in.
Recipe make_recipe(const std::string& path, const Value& root);

}  // namespace weft::host
