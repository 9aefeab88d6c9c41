// SPDX-License-Identifier: Apache-2.0
/// Random changes to cached pictures, for training batches only.

#pragma once

#include <cstdint>

#include "host/base/array.hpp"
#include "host/base/random.hpp"
#include "host/data/image/image_options.hpp"

namespace weft::host {

/// Writes the picture shifted, rotated about its middle and scaled, each evenly within ± its
/// option; pixels are interpolated bilinearly, and what comes in from outside is black. Without
/// such options this is a copy.
/// Shapes: from, to [channels, height, width], already normalised; they must not overlap.
void augment_image(const float* from, float* to, const ImageOptions& options,
                   RandomSequence& random);

/// Writes the picture, in training as augment_image() changes it.
/// Shapes: pixels, out [channels, height, width].
/// @param random  of training, else null
void write_picture(const Array& pixels, const ImageOptions& options, RandomSequence* random,
                   float* out);

}  // namespace weft::host
