// SPDX-License-Identifier: Apache-2.0
/// NumPy's .npy files (NEP 1), versions 1.0 to 3.0: little-endian numbers in C order. Nothing in
/// them is ever run: a pickle is refused.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::host {

struct NpyArray {
  bool is_float = false;
  std::vector<std::int64_t> sizes;     ///< at most 8 axes
  std::vector<double> floats;          ///< of f2, f4 and f8
  std::vector<std::int64_t> integers;  ///< of b1, i1 … i8, u1 … u8
};

/// A header is at most 64 KiB; a file holds exactly the numbers that its header announces.
/// @param place  how a message begins: `a.tar, sample k1: points.npy`
/// @throws Error (bad_data) on another format, order or sort of number, each named
NpyArray read_npy(std::string_view bytes, const std::string& place);

}  // namespace weft::host
