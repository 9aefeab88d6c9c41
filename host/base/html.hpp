// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace weft::host {

/// Safe as text and as an attribute's value in HTML, whatever data holds. Characters that a page
/// does not show, or that turn the direction of others, are written as printable() writes them;
/// line ends and tabs stay.
std::string escaped(const std::string& text);

}  // namespace weft::host
