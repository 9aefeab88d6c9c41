// SPDX-License-Identifier: Apache-2.0
#include "host/data/row_feature.hpp"

#include <algorithm>

#include "host/data/augment.hpp"

namespace weft::host {

void write_picture(const Array& pixels, const ImageOptions& options, RandomSequence* random,
                   float* out) {
  if (random != nullptr) {
    augment_image(pixels.data<float>(), out, options, *random);
  } else {
    std::copy_n(pixels.data<float>(), pixels.count(), out);
  }
}

std::int64_t write_recording(const Feature& feature, const RecordingOptions& options,
                             RandomSequence* random, float* out) {
  const std::int64_t frames = feature.frames, rows = feature.values.sizes[0];
  const std::int64_t mels = options.spectrum.mels;
  const std::int64_t over = std::max<std::int64_t>(rows - options.frames, 0);
  std::int64_t begin = 0;  // the first frame that is taken; none of an exact or a short fit
  if (options.cut == Cut::middle) begin = (over + 1) / 2;
  if (options.cut == Cut::random && random != nullptr && over > 0) {
    begin = static_cast<std::int64_t>(random->below(static_cast<std::uint64_t>(over) + 1));
  }
  const float* const taken = feature.values.data<float>() + begin * mels;
  if (random != nullptr) {
    return augment_recording(taken, rows - begin, std::min(frames, rows) - begin, out, options,
                             *random);
  }
  const std::int64_t copied = std::min<std::int64_t>(rows - begin, options.frames);
  float* const end = std::copy_n(taken, copied * mels, out);
  std::fill(end, out + options.frames * mels, 0.0F);
  return std::min<std::int64_t>(frames, options.frames);
}

}  // namespace weft::host
