// SPDX-License-Identifier: Apache-2.0
/// What an image field says of its pictures.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "host/data/section/section.hpp"

namespace weft::host {

/// How pictures are brought to their size: FFmpeg's mean over each pixel's area, or resample().
enum class Resize { area, bilinear, bicubic };

/// What becomes of another ratio of the sides: stretched, cut off, or filled up.
enum class Fit { stretch, crop, pad };

/// A random part of the picture: torchvision's RandomResizedCrop.
struct CropOptions {
  std::array<float, 2> scale{};  ///< its area, as a part of the picture's
  std::array<float, 2> ratio{};  ///< its width by its height
};

/// torchvision's RandAugment: so many operations, each of this magnitude (0 to 30).
struct RandAugmentOptions {
  int operations = 0, magnitude = 0;
};

/// A picture -> float32 [channels, height, width], (pixel / 255 - mean) / std.
struct ImageOptions {
  int height = 0, width = 0, channels = 1;
  std::vector<float> mean, std;  ///< one per channel
  Resize resize = Resize::area;
  Fit fit = Fit::stretch;
  bool draft = false;                        ///< decodes large JPEGs at a part of their size
  std::array<std::uint8_t, 3> background{};  ///< behind what is transparent, and where `pad` fills

  // While training only:
  std::optional<CropOptions> crop;
  float flip = 0, flip_vertical = 0;                            ///< probabilities
  float brightness = 0, contrast = 0, saturation = 0, hue = 0;  ///< torchvision's ColorJitter
  RandAugmentOptions rand_augment;
  float shift = 0, rotate = 0, scale = 0;  ///< ± pixels, ± degrees, ± part of the size
};

/// Patches as numbers of the nearest of `vocabulary` centroids; see visual_tokens.hpp.
struct VisualTokenOptions {
  int vocabulary = 0, patch = 0;
};

ImageOptions image_options(const Section& section);

}  // namespace weft::host
