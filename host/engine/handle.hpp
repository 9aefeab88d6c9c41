// SPDX-License-Identifier: Apache-2.0
/// The ABI's handles and codes against LibTorch's objects. Internal to host/engine.
///
/// A weft_tensor is an at::Tensor on the heap, as LibTorch's own AtenTensorHandle is; a
/// weft_generator is an at::Generator on the heap.

#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <weft/abi.h>

#include <cstdint>
#include <string>
#include <utility>

#include "host/engine/tensor.hpp"

namespace weft::host {

inline at::Tensor& tensor_of(weft_tensor handle) {
  return *reinterpret_cast<at::Tensor*>(handle);
}
inline const at::Tensor& tensor_of(const Tensor& tensor) {
  return tensor_of(tensor.get());
}
inline at::Generator& generator_of(weft_generator handle) {
  return *reinterpret_cast<at::Generator*>(handle);
}

/// A new reference, which the receiver must release.
inline weft_tensor new_handle(at::Tensor tensor) {
  return reinterpret_cast<weft_tensor>(new at::Tensor(std::move(tensor)));
}
inline Tensor wrap(at::Tensor tensor) {
  return Tensor::own(new_handle(std::move(tensor)));
}

/// LibTorch's element type for a WEFT_DTYPE_… code.
/// @throws Failure (WEFT_TYPE) for any other code
at::ScalarType scalar_type(std::uint32_t dtype);
/// The code of an element type, 0 where the ABI has none.
std::uint32_t dtype_code(at::ScalarType type);

/// "float32[2, 3]", for messages.
std::string describe(const at::Tensor& tensor);

}  // namespace weft::host
