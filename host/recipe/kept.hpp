// SPDX-License-Identifier: Apache-2.0
/// The recipe that a run folder keeps: resolved, with paths relative to that folder, so that a
/// project that moves with its runs takes them along.

#pragma once

#include <string>
#include <vector>

#include "host/recipe/recipe.hpp"

namespace weft::host {

/// The text of FOLDER/recipe.json.
std::string kept_text(const Recipe& recipe, const std::string& folder);

/// Reads FOLDER/recipe.json.
/// @param written_in  the absolute path that the folder had when it was written; a path that leads
///                    nowhere from where the folder is now is tried from there. Empty: not known
/// @throws as read_recipe()
Recipe read_kept(const std::string& folder, const std::string& written_in,
                 const std::vector<std::string>& overrides);

}  // namespace weft::host
