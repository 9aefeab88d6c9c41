// SPDX-License-Identifier: Apache-2.0
/// Antialiased resizing, as Pillow's Image.resize and torchvision's Resize define it.

#pragma once

#include <cstdint>
#include <utility>

#include "host/data/image/pixels.hpp"
#include "host/data/image/resample_rows.hpp"

namespace weft::host {

/// What weighs the pixels around a point: the triangle 1 - |x|, or Keys's cubic with a = -1/2
/// ("Cubic convolution interpolation for digital image processing", 1981).
enum class Filter { triangle, cubic };

/// The `source` rectangle of the picture, brought to height x width; of that, only `window`.
///
/// Along each axis, pixel i of n that are made from m lies at c = (i + 1/2) m/n, and is the mean of
/// the source's pixels j with weights f((j + 1/2 - c) / s), s = max(m/n, 1): where the picture
/// shrinks, the filter widens with it, so that nothing is skipped. What the filter reaches beyond
/// the source has no weight. Rows come first, then columns, with 8 bits between them.
/// Weights are whole numbers of 15 bits; their sum is exact, so that an even area stays as it is.
///
/// Differs from Pillow's 13.0 and torchvision's 0.26 by at most 1 of 255.
/// REQUIRES: `source` within the picture, `window` within height x width, none of them empty
class Resampler {
 public:
  Resampler(const Box& source, Filter filter, int height, int width, const Box& window,
            int channels);

  /// Row y of the picture, whose last pixel has Pixels::k_slack bytes behind it. The source's rows
  /// are taken from the first to the last; others are passed over.
  void take_row(int y, const std::uint8_t* row);
  /// The result, once. REQUIRES: all rows of the source were taken
  Pixels take() { return std::move(made_); }

 private:
  Box source_;
  Taps across_, down_;
  int base_ = 0;  ///< which row of the source is the first of rows_
  int next_ = 0;  ///< row of the result
  Pixels rows_;   ///< the source's rows that are still needed, at their new width
  Pixels made_;
};

/// Of a whole picture.
Pixels resample(const Pixels& picture, const Box& source, Filter filter, int height, int width,
                const Box& window);

}  // namespace weft::host
