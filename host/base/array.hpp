// SPDX-License-Identifier: Apache-2.0
/// A dense, row-major array in host memory: what data, checkpoints and tests hand to the engine.
/// It has no arithmetic; tensors that compute live behind host/engine.

#pragma once

#include <weft/abi.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weft::host {

/// Element type; the values are the ABI's WEFT_DTYPE_… codes.
enum class DType : std::uint32_t {
  boolean = WEFT_DTYPE_BOOL,
  uint8 = WEFT_DTYPE_UINT8,
  int32 = WEFT_DTYPE_INT32,
  int64 = WEFT_DTYPE_INT64,
  float16 = WEFT_DTYPE_FLOAT16,
  bfloat16 = WEFT_DTYPE_BFLOAT16,
  float32 = WEFT_DTYPE_FLOAT32,
  float64 = WEFT_DTYPE_FLOAT64,
};

/// Bytes per element.
std::size_t item_size(DType dtype);
/// `float32`, as NumPy and PyTorch spell it.
const char* dtype_name(DType dtype);

template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<bool>() {
  return DType::boolean;
}
template <>
constexpr DType dtype_of<std::uint8_t>() {
  return DType::uint8;
}
template <>
constexpr DType dtype_of<std::int32_t>() {
  return DType::int32;
}
template <>
constexpr DType dtype_of<std::int64_t>() {
  return DType::int64;
}
template <>
constexpr DType dtype_of<float>() {
  return DType::float32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::float64;
}

/// Copies share their bytes; 64-byte aligned.
struct Array {
  DType dtype = DType::float32;
  std::vector<std::int64_t> sizes;
  std::shared_ptr<std::byte> bytes;

  /// Uninitialised memory for `sizes`; an empty `sizes` is a scalar.
  static Array empty(DType dtype, std::vector<std::int64_t> sizes);

  template <class T>
  static Array of(const std::vector<T>& values, const std::vector<std::int64_t>& sizes) {
    Array array = empty(dtype_of<T>(), sizes);
    std::copy(values.begin(), values.end(), array.data<T>());
    return array;
  }

  std::int64_t count() const;
  std::size_t byte_count() const;
  template <class T>
  T* data() {
    return reinterpret_cast<T*>(bytes.get());
  }
  template <class T>
  const T* data() const {
    return reinterpret_cast<const T*>(bytes.get());
  }
};

/// Element `i`, whatever its type.
double element(const Array& array, std::int64_t i);

}  // namespace weft::host
