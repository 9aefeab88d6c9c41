// SPDX-License-Identifier: Apache-2.0
/// From a member's bytes to what a batch is filled with, and a cache of the results.

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "host/base/array.hpp"
#include "host/data/options.hpp"
#include "host/data/shard.hpp"

namespace weft::host {

/// What is kept of a picture or a recording.
struct Feature {
  Array values;
  std::int64_t frames = 0;  ///< of the recording, also those that do not fit into its field
};

/// The recording's log-mel spectrum, normalised: float32 [its frames, mels]. In the form of Whisper
/// the recording is first cut, or filled up with silence, to options.frames · hop samples, which
/// give [options.frames, mels]; its own frames are those whose middle lies before its end.
/// Normalised is (x - mean) / std, or with options.per_mel, for each band m by its mean μ_m and
/// deviation σ_m over the recording's first options.frames frames (the sum of squares divided by
/// their number), (x[t, m] - μ_m) / (σ_m + 1e-5).
/// @throws Error (bad_data), with `place` at its head
Feature recording_feature(const Bytes& bytes, const RecordingOptions& options,
                          const std::string& place);

/// Shards that were read and features that were computed, each once. Data sections of one recipe
/// that are opened with one cache share them; the cache itself may go once they are open.
/// [any thread]
class FeatureCache {
 public:
  /// @throws Error as read_shard()
  std::shared_ptr<const Shard> shard(const std::string& path, const std::string& cache_folder = "");

  /// The feature of an image or log_mel field.
  /// @throws Error (bad_data) when the sample lacks the member or it cannot be decoded
  Feature feature(const Shard& shard, std::size_t sample, const FieldOptions& field);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Shard>> shards_;  ///< by path
  std::map<std::string, Feature> features_;  ///< by shard fingerprint, sample and field
};

/// The member's bytes.
/// @throws Error (bad_data) naming the shard, the sample and the members that it does have
Bytes member_of(const Shard& shard, std::size_t sample, const std::string& member);

}  // namespace weft::host
