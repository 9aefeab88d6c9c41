// SPDX-License-Identifier: Apache-2.0
/// From a picture's bytes to what a batch is filled with.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "host/base/array.hpp"
#include "host/base/random.hpp"
#include "host/data/image/image_options.hpp"
#include "host/data/storage/shard.hpp"

namespace weft::host {

/// Writes [channels, count], (value / 255 - mean) / std, of pixels that lie `step` bytes apart.
/// @return  the place behind the last number
float* normalise(const std::uint8_t* pixels, std::ptrdiff_t count, std::ptrdiff_t step,
                 const ImageOptions& options, float* out);

/// The picture, decoded, resized and normalised: float32 [channels, height, width].
///
/// Resize::area is decode_image(). The others resample() decode_pixels(), with the size
/// - Fit::stretch  height x width;
/// - Fit::crop     the smallest of the picture's own ratio that covers height x width (the longer
///                 side rounded down), of which the middle is taken, as torchvision's Resize and
///                 CenterCrop do: the first row is half of what is left over, halves to even;
/// - Fit::pad      the largest of the picture's own ratio within height x width, in the middle of
///                 the background, as Pillow's ImageOps.pad does.
/// @throws Error (bad_data), with `place` at its head
Array image_feature(const Bytes& bytes, const ImageOptions& options, const std::string& place);

/// Whether training changes pixels before they are normalised: crop, flips, colours, RandAugment.
bool changes_pixels(const ImageOptions& options);

/// Where a place of the file's picture, turned as it is to be seen, lies in its field: x' =
/// scale_x · x + shift_x, likewise y', all in pixels whose upper left corner has whole numbers.
struct Placement {
  double scale_x = 1, shift_x = 0, scale_y = 1, shift_y = 0;
  double width = 1, height = 1;  ///< of the field
};

/// The placement by fit, crop and flips. It draws as random_image_feature() does up to the flips;
/// what moves a picture after them, rand_augment, shift, rotate and scale, is not in it.
/// @param random  of training, else null
/// @throws Error (bad_data), with `place` at its head
Placement placement_of(const Bytes& bytes, const ImageOptions& options, RandomSequence* random,
                       const std::string& place);

/// The picture as training takes it: a random part of it, resized (without `crop` as
/// image_feature() does), flipped, its colours changed (colour_jitter()), RandAugment, normalised.
///
/// The part: up to ten times a part s of the area, even over crop.scale, and a ratio r whose
/// logarithm is even over that of crop.ratio give width √(s·area·r) and height √(s·area/r),
/// rounded; if they fit, the place is even over where they do. Otherwise it is the largest part in
/// the middle whose ratio is allowed. Equal sequences give equal values.
/// @throws Error (bad_data), with `place` at its head
Array random_image_feature(const Bytes& bytes, const ImageOptions& options, RandomSequence& random,
                           const std::string& place);

}  // namespace weft::host
