// SPDX-License-Identifier: Apache-2.0
/// JSON Schemas: the published one of recipes, and the check of a part's configuration against the
/// schema that the part brings. walker.hpp lists the keywords.

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/error.hpp"

namespace weft::host {

/// The text of schemas/recipe.schema.json.
std::string_view recipe_schema();

/// Which place of a member is asked for: `let` may give its value.
enum class PlaceOf { value, key };
using Locate = std::function<Problem(const std::string& pointer, PlaceOf of)>;

/// Checks a value and fills in the schema's defaults.
/// @param schema_text   a JSON Schema
/// @param value_text    JSON
/// @param locate        gives file, line and pointer for a pointer into the recipe
/// @param base_pointer  where the value stands in the recipe, "/graph/vision/config"
/// @param problems      gets one entry for everything that is wrong
/// @returns the value with defaults as JSON on one line; of no use if problems were added
/// @throws Error (plugin) if the schema is not JSON or uses keywords that Weft does not check
std::string validate(const std::string& schema_text, const std::string& value_text,
                     const Locate& locate, const std::string& base_pointer,
                     std::vector<Problem>& problems);

}  // namespace weft::host
