// SPDX-License-Identifier: Apache-2.0
#include "host/data/audio/audio_feature.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "host/data/audio/decode_audio.hpp"
#include "host/data/audio/log_mel.hpp"

namespace weft::host {

namespace {

/// Over the first `count` of the frames; all of them are changed. The rule stands in
/// audio_feature.hpp.
void normalise_per_mel(Array& feature, std::int64_t count) {
  const std::int64_t rows = feature.sizes[0], mels = feature.sizes[1];
  float* const values = feature.data<float>();
  for (std::int64_t m = 0; m < mels; ++m) {
    double sum = 0, squares = 0;
    for (std::int64_t t = 0; t < count; ++t) sum += static_cast<double>(values[t * mels + m]);
    const double mean = sum / static_cast<double>(count);
    for (std::int64_t t = 0; t < count; ++t) {
      const double distance = static_cast<double>(values[t * mels + m]) - mean;
      squares += distance * distance;
    }
    const double deviation = std::sqrt(squares / static_cast<double>(count)) + 1e-5;
    for (std::int64_t t = 0; t < rows; ++t) {
      float& value = values[t * mels + m];
      value = static_cast<float>((static_cast<double>(value) - mean) / deviation);
    }
  }
}

}  // namespace

Feature recording_feature(const Bytes& bytes, const RecordingOptions& options,
                          const std::string& place) {
  const LogMelOptions& spectrum = options.spectrum;
  const bool is_whisper = spectrum.form == LogMelForm::whisper;
  std::vector<float> samples = decode_audio(bytes, spectrum.rate, place, options.channel).samples;
  if (options.trim_db > 0) {
    const std::span<const float> heard_part =
        trimmed_silence(samples, static_cast<double>(options.trim_db));
    samples = std::vector<float>(heard_part.begin(), heard_part.end());
  }
  const std::int64_t heard = (std::ssize(samples) + spectrum.hop - 1) / spectrum.hop;
  if (is_whisper) {
    samples.resize(static_cast<std::size_t>(std::int64_t{options.frames} * spectrum.hop));
  }
  Array feature = log_mel(samples, spectrum);
  if (options.per_mel) {
    normalise_per_mel(feature, std::min<std::int64_t>(feature.sizes[0], options.frames));
  } else if (options.mean != 0 || options.std != 1) {
    const std::span values(feature.data<float>(), static_cast<std::size_t>(feature.count()));
    for (float& value : values) value = (value - options.mean) / options.std;
  }
  const std::int64_t frames = is_whisper ? heard : feature.sizes[0];
  return {std::move(feature), frames};
}

}  // namespace weft::host
