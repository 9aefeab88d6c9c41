// SPDX-License-Identifier: Apache-2.0
/// Random changes to cached spectra, for training batches only.

#pragma once

#include <cstdint>

#include "host/base/random.hpp"
#include "host/data/audio/audio_options.hpp"
#include "host/data/batch/feature.hpp"

namespace weft::host {

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

/// Writes the part of the spectrum that options.cut leaves, in training as augment_recording()
/// changes it, and 0 behind it.
/// Shapes: out [options.frames, mels].
/// @param random  of training, else null
/// @return  how many frames are real
std::int64_t write_recording(const Feature& feature, const RecordingOptions& options,
                             RandomSequence* random, float* out);

}  // namespace weft::host
