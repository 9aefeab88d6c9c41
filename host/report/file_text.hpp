// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/base/open_folder.hpp"

namespace weft::host {

/// All of a file in a run folder, not behind a link; of one that is longer than `most` bytes,
/// Error.
/// @throws Error (no_input) where there is none; (io) where it cannot be read; (bad_data) if it is
///         longer
std::string file_text(const OpenFolder& folder, const std::string& name, std::size_t most);

}  // namespace weft::host
