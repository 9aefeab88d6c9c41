// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace weft::host {

/// Safe as text and as an attribute's value in HTML, whatever data holds.
std::string escaped(const std::string& text);

}  // namespace weft::host
