// SPDX-License-Identifier: Apache-2.0
/// What reading and writing safetensors share. Internal to host/checkpoint.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "host/base/array.hpp"

namespace weft::host {

static_assert(std::endian::native == std::endian::little, "the format's numbers are little-endian");

constexpr std::uint64_t k_length_bytes = 8;
constexpr const char* k_metadata = "__metadata__";

/// In the reference implementation's order, in which files hold their tensors from the last on.
constexpr std::pair<const char*, DType> k_dtypes[] = {
    {"BOOL", DType::boolean},  {"U8", DType::uint8},  {"F16", DType::float16},
    {"BF16", DType::bfloat16}, {"I32", DType::int32}, {"F32", DType::float32},
    {"F64", DType::float64},   {"I64", DType::int64},
};

inline std::size_t rank_of(DType dtype) {
  std::size_t rank = 0;
  while (k_dtypes[rank].second != dtype) ++rank;
  return rank;
}

inline const char* name_of(DType dtype) {
  return k_dtypes[rank_of(dtype)].first;
}

}  // namespace weft::host
