// SPDX-License-Identifier: Apache-2.0
/// Discrete visual tokens: a patch as the number of the centroid that it is nearest to. They are
/// what BEiT's tokenizer gives (Bao et al. 2021, arXiv:2106.08254, §2.1), learned by k-means
/// instead of a discrete autoencoder.

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/data/image/image_options.hpp"
#include "host/data/storage/index_cache.hpp"

namespace weft::host {

/// The patches of a picture [channels, height, width] row by row, each flattened channel by
/// channel: [patches, channels · patch²].
std::vector<float> cut_patches(const float* picture, const ImageOptions& image, int patch);

class VisualTokens {
 public:
  VisualTokens() = default;

  /// k-means over patches [count, width]: seeds by k-means++ (Arthur and Vassilvitskii, 2007), then
  /// Lloyd's iterations until nothing changes, at most 25. The same patches give the same tokens.
  /// @throws Error (bad_data) where there are fewer different patches than `vocabulary`
  static VisualTokens learn(std::span<const float> patches, int width, int vocabulary);

  /// Learns from pictures evenly spread over the given ones, at most 2048 of them, and from patches
  /// evenly spread over theirs, at most 16 · vocabulary but not fewer than 16384 where there are so
  /// many.
  /// @param picture  the feature of one of the pictures, from 0 to count - 1, or an empty array;
  ///                 called by several threads
  /// @throws Error (bad_data) as above, and where there is no picture at all
  static VisualTokens learn(std::size_t count, const std::function<Array(std::size_t)>& picture,
                            const ImageOptions& image, const VisualTokenOptions& options);

  /// What was put into a record.
  /// @throws std::out_of_range where it holds something else
  static VisualTokens take(Record& record);
  void put(Record& record) const;

  /// The nearest centroid of every patch; the first of equally near ones. This costs
  /// patches · vocabulary · width multiplications.
  /// Shapes: patches [tokens.size(), width].
  void encode(std::span<const float> patches, std::span<std::int64_t> tokens) const;

  int width() const { return width_; }
  int vocabulary() const { return static_cast<int>(halves_.size()); }

 private:
  VisualTokens(std::vector<float> centroids, int width);

  int width_ = 0;
  std::vector<float> centroids_;  ///< [vocabulary, width]
  std::vector<float> halves_;     ///< ‖centroid‖² / 2
};

}  // namespace weft::host
