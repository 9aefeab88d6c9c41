// SPDX-License-Identifier: Apache-2.0
/// From a member's bytes to what a batch is filled with, and a cache of the results.

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <unordered_map>

#include "host/base/random.hpp"
#include "host/data/batch/feature.hpp"
#include "host/data/fields/options.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {

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
