// SPDX-License-Identifier: Apache-2.0
/// The keys of recipes of format 1, and what format 2 calls them: one table.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/recipe/value.hpp"

namespace weft::host {

/// One key, or one word where a key takes words, that has another name in format 2.
struct Rename {
  const char* area;    ///< the kind of object: "stage", "field/image", "config"
  const char* before;  ///< in format 1
  const char* now;     ///< in format 2
};

/// All renamed keys.
const std::vector<Rename>& renames();

/// The area of a whole recipe.
inline constexpr std::string_view k_recipe_area = "recipe";

/// The kind of object that stands at a key.
/// @param key    as format 2 has it; any key of an object or element of a list may be meant
/// @param value  what stands there, or null
/// @param base   what stands there in the recipe that this one extends, or null
/// @returns "" where no key was renamed in it or below
std::string area_inside(std::string_view area, const std::string& key, const Value* value,
                        const Value* base = nullptr);

/// What format 2 calls a key of such an object: `key` itself for most.
std::string name_in_format_2(std::string_view area, const std::string& key);

/// Gives a word of format 1 that stands at a key, named as in format 2, its name in format 2.
void rename_words(Value& value, std::string_view area, const std::string& key);

/// Renames the keys of a value of format 1, and of all inside it. Each value keeps its place.
/// @param base  what the value is laid upon, of format 2: there a field's kind may stand; or null
void upgrade(Value& value, std::string_view area, const Value* base);

}  // namespace weft::host
