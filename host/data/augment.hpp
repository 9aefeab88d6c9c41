// SPDX-License-Identifier: Apache-2.0
/// Random changes to cached features, for training batches only.

#pragma once

#include <cstdint>

#include "host/data/options.hpp"
#include "host/data/random.hpp"

namespace weft::host {

/// Writes the picture shifted, rotated about its middle and scaled, each evenly within ± its
/// option; pixels are interpolated bilinearly, and what comes in from outside is black. Without
/// such options this is a copy.
/// Shapes: from, to [channels, height, width], already normalised; they must not overlap.
void augment_image(const float* from, float* to, const ImageOptions& options,
                   RandomSequence& random);

/// Writes a spectrum changed in place and time, in this order (Park et al., "SpecAugment", 2019,
/// without its warping):
/// - shift: delayed by s frames of value 0, or without its first -s frames (never more than half),
///   s even over ± options.shift;
/// - time_masks (m_T) bands of frames, each of a width even over 0 … time_mask (T), but at most
///   time_mask_part (p) of the real frames, and mel_masks (m_F) bands of mels, each of a width even
///   over 0 … mel_mask (F); each at a place even over those where it fits, set to 0, the mean of
///   normalised features. Bands may overlap;
/// - noise: normal, of standard deviation options.noise, on every real value.
/// Shapes: from [rows, mels], of which the first `frames` are real and the rest is the silence of
/// Whisper's form; to [options.frames, mels], of which what is past these rows is filled with 0.
/// They must not overlap.
/// @return  how many frames of `to` are real
std::int64_t augment_recording(const float* from, std::int64_t rows, std::int64_t frames, float* to,
                               const RecordingOptions& options, RandomSequence& random);

}  // namespace weft::host
