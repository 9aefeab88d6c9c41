// SPDX-License-Identifier: Apache-2.0
/// A feature as a row of a batch holds it.

#pragma once

#include <cstdint>

#include "host/data/feature.hpp"

namespace weft::host {

/// Writes the picture, in training as augment_image() changes it.
/// Shapes: pixels, out [channels, height, width].
/// @param random  of training, else null
void write_picture(const Array& pixels, const ImageOptions& options, RandomSequence* random,
                   float* out);

/// Writes the part of the spectrum that options.cut leaves, in training as augment_recording()
/// changes it, and 0 behind it.
/// Shapes: out [options.frames, mels].
/// @param random  of training, else null
/// @return  how many frames are real
std::int64_t write_recording(const Feature& feature, const RecordingOptions& options,
                             RandomSequence* random, float* out);

}  // namespace weft::host
