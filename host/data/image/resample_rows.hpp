// SPDX-License-Identifier: Apache-2.0
/// The two inner loops of resampling: portable, and with AVX2 where the processor has it. Both give
/// the same bytes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::host {

/// The pixels that make pixels first … first + count - 1 of one axis.
struct Taps {
  int taps = 0;                       ///< weights for each pixel, a multiple of 4
  int shift = 0;                      ///< weights are in units of 2^-shift
  std::vector<int> starts;            ///< [count] the first of them
  std::vector<std::int16_t> weights;  ///< [count, taps], 0 where there is nothing
};

struct RowLoops {
  /// A row of four-byte pixels to taps.starts.size() such. Up to three pixels behind the row are
  /// read, of which nothing becomes visible.
  void (*colour_row)(const std::uint8_t* from, std::uint8_t* to, const Taps& taps);
  /// Row number `index` out of rows that lie `stride` bytes apart, from its first one on. 32 bytes
  /// are read and written at a time: up to 31 more than `size`.
  void (*column_row)(const std::uint8_t* from, std::ptrdiff_t stride, std::ptrdiff_t size,
                     std::uint8_t* to, const Taps& taps, std::size_t index);
};

/// Rounded half up and held to a byte.
std::uint8_t of_sum(int sum, int shift);

/// How many of its weights row `index` needs: those behind them are 0.
int used_taps(const Taps& taps, std::size_t index);

const RowLoops& portable_loops();
/// On this machine.
const RowLoops& fastest_loops();

}  // namespace weft::host
