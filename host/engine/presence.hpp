// SPDX-License-Identifier: Apache-2.0
/// Flags of rows, and stand-ins for what is not there, made on the tensor's device.

#pragma once

#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// As many zeros of its type.
WEFT_ENGINE_API Tensor zeros_like(const Tensor& tensor);
/// True where a, b or both are.
WEFT_ENGINE_API Tensor either(const Tensor& a, const Tensor& b);
/// True where a and b are.
WEFT_ENGINE_API Tensor both(const Tensor& a, const Tensor& b);

}  // namespace weft::host
