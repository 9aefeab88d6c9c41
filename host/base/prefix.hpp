// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace weft::host {

/// The folder that holds bin/ and lib/ of the running Weft, an installed prefix or a build folder:
/// told by where this code was loaded from, the program or libweft in another program.
/// @throws std::filesystem::filesystem_error where that file is gone
std::filesystem::path installed_prefix();

}  // namespace weft::host
