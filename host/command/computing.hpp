// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace weft::host {

/// Opens libweft.so with LibTorch, as the verbs do that compute.
/// @return its path
/// @throws Error (io) if it cannot be opened, with what to do
std::string require_computing_library();

}  // namespace weft::host
