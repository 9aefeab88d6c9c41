// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host/graph/model.hpp"

namespace weft::host {

/// Bytes of this process that were in memory at the most: since its beginning, or since that was
/// forgotten (man 5 proc, clear_refs).
double peak_of_process();

/// Bytes of parameters and buffers, with those of views.
double weights_bytes(const Model& model);

}  // namespace weft::host
