// SPDX-License-Identifier: Apache-2.0
#include "host/base/array.hpp"

#include <cassert>
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

}  // namespace weft::host
