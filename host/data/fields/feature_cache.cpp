// SPDX-License-Identifier: Apache-2.0
#include "host/data/fields/feature_cache.hpp"
#include "host/data/batch/feature.hpp"

#include <algorithm>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/text.hpp"
#include "host/data/audio/audio_feature.hpp"
#include "host/data/codec/media.hpp"
#include "host/data/fields/field_kind.hpp"
#include "host/data/image/image.hpp"
#include "host/data/video/video.hpp"

namespace weft::host {

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
  const std::string place = shard.place(sample, field.name, member);
  if (bytes.empty()) cannot_decode(place, "it is empty");
  if (const FieldKind* own = field.own_kind()) return own->decode(text_of(bytes), place);
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
