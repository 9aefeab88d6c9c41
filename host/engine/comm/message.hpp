// SPDX-License-Identifier: Apache-2.0
/// Tensors as bytes, for another process of the same run. Internal to host/engine.

#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "host/engine/tensor.hpp"

namespace weft::host {

/// uint8 [bytes]: element types, sizes, which of the tensors are recorded, and their elements.
at::Tensor packed(const std::vector<Tensor>& tensors);

/// As leaves, which learn where the packed tensor was recorded.
std::vector<Tensor> unpacked(const at::Tensor& message);

}  // namespace weft::host
