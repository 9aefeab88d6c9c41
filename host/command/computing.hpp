// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/command/options.hpp"

namespace weft::host {

/// Opens libweft.so with LibTorch, as the verbs do that compute.
/// @return its path
/// @throws Error (io) if it cannot be opened, with what to do
std::string require_computing_library();

/// Calls a verb of libweft.so by the symbol under which WEFT_EXPORT_VERB exports it.
/// @throws Error if the library or the verb is missing, and what the verb throws
void run_computing(const char* symbol, const Options& options);

}  // namespace weft::host
