// SPDX-License-Identifier: Apache-2.0
#include "host/base/array.hpp"

#include <bit>
#include <cassert>
#include <cmath>
#include <new>

namespace weft::host {

std::size_t item_size(DType dtype) {
  switch (dtype) {
    case DType::boolean:
    case DType::uint8: return 1;
    case DType::float16:
    case DType::bfloat16: return 2;
    case DType::int32:
    case DType::float32: return 4;
    case DType::int64:
    case DType::float64: return 8;
  }
  assert(false && "unknown element type");
  return 0;
}

const char* dtype_name(DType dtype) {
  switch (dtype) {
    case DType::boolean: return "bool";
    case DType::uint8: return "uint8";
    case DType::int32: return "int32";
    case DType::int64: return "int64";
    case DType::float16: return "float16";
    case DType::bfloat16: return "bfloat16";
    case DType::float32: return "float32";
    case DType::float64: return "float64";
  }
  return "unknown";
}

Array Array::empty(DType dtype, std::vector<std::int64_t> sizes) {
  constexpr std::align_val_t alignment{64};
  Array array{dtype, std::move(sizes), nullptr};
  std::int64_t bytes = static_cast<std::int64_t>(item_size(dtype));
  for (const std::int64_t size : array.sizes)
    if (size < 0 || __builtin_mul_overflow(bytes, size, &bytes)) throw std::bad_array_new_length();
  auto* memory = static_cast<std::byte*>(::operator new(array.byte_count() + 1, alignment));
  array.bytes.reset(memory, [](std::byte* p) { ::operator delete (p, std::align_val_t{64}); });
  return array;
}

std::int64_t Array::count() const {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) count *= size;
  return count;
}

std::size_t Array::byte_count() const {
  return static_cast<std::size_t>(count()) * item_size(dtype);
}

double element(const Array& array, std::int64_t i) {
  switch (array.dtype) {
    case DType::boolean: return array.data<bool>()[i] ? 1.0 : 0.0;
    case DType::uint8: return array.data<std::uint8_t>()[i];
    case DType::int32: return array.data<std::int32_t>()[i];
    case DType::int64: return static_cast<double>(array.data<std::int64_t>()[i]);
    case DType::float32: return static_cast<double>(array.data<float>()[i]);
    case DType::float64: return array.data<double>()[i];
    case DType::bfloat16:  // the upper half of a float32
      return static_cast<double>(
          std::bit_cast<float>(static_cast<std::uint32_t>(array.data<std::uint16_t>()[i]) << 16));
    case DType::float16: break;
  }
  const unsigned half = array.data<std::uint16_t>()[i];
  const int exponent = static_cast<int>(half >> 10 & 31);
  const double fraction = half & 1023;
  const double sign = (half & 0x8000) != 0 ? -1.0 : 1.0;
  if (exponent == 31) return sign * (fraction == 0 ? HUGE_VAL : std::nan(""));
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

}  // namespace weft::host
