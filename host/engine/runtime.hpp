// SPDX-License-Identifier: Apache-2.0
/// Settings of the whole process.

#pragma once

#include <string>

#include "host/engine/export.hpp"

namespace weft::host {

/// How many threads one operation may use, at least 1. [any thread]
WEFT_ENGINE_API void set_threads(int threads);

/// With true, an operation without a repeatable implementation fails instead of running.
WEFT_ENGINE_API void set_deterministic(bool deterministic);

/// What set_threads() set, or the machine's.
WEFT_ENGINE_API int threads();

/// The widest vectors that LibTorch's operations use here: "AVX512", "AVX2", "NO AVX" or another of
/// its names. Sums come out in another order with another.
WEFT_ENGINE_API std::string cpu_capability();

/// "2.11.0".
WEFT_ENGINE_API std::string torch_version();

}  // namespace weft::host
