// SPDX-License-Identifier: Apache-2.0
#include "host/engine/handle.hpp"

#include "host/base/text.hpp"
#include "host/engine/failure.hpp"

namespace weft::host {

at::ScalarType scalar_type(std::uint32_t dtype) {
  switch (dtype) {
    case WEFT_DTYPE_BOOL: return at::kBool;
    case WEFT_DTYPE_UINT8: return at::kByte;
    case WEFT_DTYPE_INT32: return at::kInt;
    case WEFT_DTYPE_INT64: return at::kLong;
    case WEFT_DTYPE_FLOAT16: return at::kHalf;
    case WEFT_DTYPE_BFLOAT16: return at::kBFloat16;
    case WEFT_DTYPE_FLOAT32: return at::kFloat;
    case WEFT_DTYPE_FLOAT64: return at::kDouble;
    default: throw Failure(WEFT_TYPE, concat("there is no element type ", dtype));
  }
}

std::uint32_t dtype_code(at::ScalarType type) {
  switch (type) {
    case at::kBool: return WEFT_DTYPE_BOOL;
    case at::kByte: return WEFT_DTYPE_UINT8;
    case at::kInt: return WEFT_DTYPE_INT32;
    case at::kLong: return WEFT_DTYPE_INT64;
    case at::kHalf: return WEFT_DTYPE_FLOAT16;
    case at::kBFloat16: return WEFT_DTYPE_BFLOAT16;
    case at::kFloat: return WEFT_DTYPE_FLOAT32;
    case at::kDouble: return WEFT_DTYPE_FLOAT64;
    default: return 0;
  }
}

std::string describe(const at::Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  const std::uint32_t dtype = dtype_code(tensor.scalar_type());
  return (dtype != 0 ? dtype_name(static_cast<DType>(dtype)) : toString(tensor.scalar_type())) +
         shape_text(tensor.sizes().vec());
}

}  // namespace weft::host
