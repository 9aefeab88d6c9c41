// SPDX-License-Identifier: Apache-2.0
/// Antialiased resizing, as Pillow's Image.resize and torchvision's Resize define it.

#pragma once

#include "host/data/pixels.hpp"

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
Pixels resample(const Pixels& picture, const Box& source, Filter filter, int height, int width,
                const Box& window);

}  // namespace weft::host
