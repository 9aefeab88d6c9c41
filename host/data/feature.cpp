// SPDX-License-Identifier: Apache-2.0
#include "host/data/feature.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/decode.hpp"
#include "host/data/image.hpp"
#include "host/data/log_mel.hpp"
#include "host/data/media.hpp"
#include "host/data/random.hpp"
#include "host/data/video.hpp"

namespace weft::host {

namespace {

/// Over the first `count` of the frames; all of them are changed. The rule stands in feature.hpp.
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

void FeatureCache::reserve(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  room_ = std::max(room_, bytes);
}

std::shared_ptr<const Shard> FeatureCache::shard(const std::string& path,
                                                 const std::string& cache_folder, Damage damage) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<const Shard>& shard = shards_[concat(damage == Damage::refuse, path)];
  if (!shard) shard = std::make_shared<const Shard>(read_shard(path, cache_folder, damage));
  return shard;
}

std::size_t FeatureCache::Hash::operator()(const Key& key) const {
  const auto& [shard, sample, field] = key;
  return static_cast<std::size_t>(
      RandomSequence({reinterpret_cast<std::uintptr_t>(shard), sample, stable_hash(field)}).next());
}

Feature FeatureCache::feature(const Shard& shard, std::size_t sample, const FieldOptions& field) {
  const Key key{&shard, sample, field.feature_key};
  {
    const std::lock_guard lock(mutex_);
    const auto known = features_.find(key);
    if (known != features_.end()) return known->second;
  }
  Feature feature = make_feature(shard, sample, field);
  // Nothing is thrown out for what comes later: an epoch uses everything once.
  const std::size_t size = feature.values.byte_count();
  const std::lock_guard lock(mutex_);
  if (held_ + size <= room_ && features_.emplace(key, feature).second) held_ += size;
  return feature;
}

Feature make_feature(const Shard& shard, std::size_t sample, const FieldOptions& field,
                     RandomSequence* random) {
  const std::string_view member = shard.chosen(sample, field.source.text);
  const Bytes bytes = shard.read(sample, member);
  const std::string place = concat(shard.place(sample), ": ", field.name, ".", member);
  if (bytes.empty()) cannot_decode(place, "it is empty");
  if (const auto* image = std::get_if<ImageOptions>(&field.kind)) {
    return {random != nullptr ? random_image_feature(bytes, *image, *random, place)
                              : image_feature(bytes, *image, place)};
  }
  if (const auto* video = std::get_if<VideoOptions>(&field.kind)) {
    return video_feature(bytes, *video, place);
  }
  return recording_feature(bytes, std::get<RecordingOptions>(field.kind), place);
}

}  // namespace weft::host
