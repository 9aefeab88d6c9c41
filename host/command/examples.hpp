// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace weft::host {

/// Command lines that show what a verb does, for its help and its manual page. Every verb has one.
std::vector<std::string> examples_of(const std::string& verb);

}  // namespace weft::host
