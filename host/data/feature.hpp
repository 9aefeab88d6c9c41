// SPDX-License-Identifier: Apache-2.0
/// From a member's bytes to what a batch is filled with, and a cache of the results.

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <unordered_map>

#include "host/base/array.hpp"
#include "host/data/options.hpp"
#include "host/data/random.hpp"
#include "host/data/shard.hpp"

namespace weft::host {

/// What is kept of a picture, a recording or a video.
struct Feature {
  Array values;
  std::int64_t frames =
      0;  ///< of the recording or the video, also those that do not fit into its field
};

/// The recording's log-mel spectrum, normalised: float32 [its frames, mels]. The recording is the
/// asked channel, without silence at its ends where options.trim_db is above 0. In the form of
/// Whisper the recording is first cut, or filled up with silence, to options.frames · hop samples,
/// which give [options.frames, mels]; its own frames are those whose middle lies before its end.
/// Normalised is (x - mean) / std, or with options.per_mel, for each band m by its mean μ_m and
/// deviation σ_m over the recording's first options.frames frames (the sum of squares divided by
/// their number), (x[t, m] - μ_m) / (σ_m + 1e-5).
/// @throws Error (bad_data), with `place` at its head
Feature recording_feature(const Bytes& bytes, const RecordingOptions& options,
                          const std::string& place);

/// Shards that were opened, each once, and features that were computed, as long as there is room
/// for them. Data sections of one recipe that are opened with one cache share both. [any thread]
class FeatureCache {
 public:
  /// Room for at least so many bytes of features.
  void reserve(std::size_t bytes);

  /// @throws Error as read_shard()
  std::shared_ptr<const Shard> shard(const std::string& path, const std::string& cache_folder = "",
                                     Damage damage = Damage::refuse);

  /// The feature of an image, log_mel or video field.
  /// @throws Error (bad_data) when the sample lacks the member or it cannot be decoded
  Feature feature(const Shard& shard, std::size_t sample, const FieldOptions& field);

 private:
  /// …, sample, FieldOptions::feature_key: a sample may choose a part of it, so no hash will do.
  using Key = std::tuple<const Shard*, std::size_t, std::string>;
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Shard>> shards_;  ///< by path
  std::unordered_map<Key, Feature, Hash> features_;
  std::size_t room_ = 0, held_ = 0;  ///< in bytes
};

/// Decodes the member and computes the feature: of an image field with a random sequence, as
/// random_image_feature() does.
/// @throws Error as FeatureCache::feature()
Feature make_feature(const Shard& shard, std::size_t sample, const FieldOptions& field,
                     RandomSequence* random = nullptr);

}  // namespace weft::host
