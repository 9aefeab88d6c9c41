// SPDX-License-Identifier: Apache-2.0
/// Paths that stand in a recipe.

#pragma once

#include <string>

#include "host/recipe/value.hpp"

namespace weft::host {

/// "" for a path; for a URL, and for a text that is too long to be one, the sentence that refuses
/// it.
std::string refuse_path(const std::string& path);

/// A path relative to the folder of the file in which it is written, as an absolute, lexically
/// normal one; `@FILE` becomes `@` and the path of FILE. A path from `--set` is relative to the
/// current folder, as on any command line.
std::string resolve_path(const std::string& path, const Origin& origin);

}  // namespace weft::host
