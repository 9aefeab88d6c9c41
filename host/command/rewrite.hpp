// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace weft::host {

/// Gives a recipe another text. A link stays one, and the file's permissions stay.
/// @throws Error (cannot_create, io); the recipe is then as it was
void rewrite(const std::string& path, const std::string& text);

}  // namespace weft::host
