// SPDX-License-Identifier: Apache-2.0
/// Pictures of 8 bits a channel between decoding and normalising.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace weft::host {

/// A colour; grey is its first value.
using Colour = std::array<std::uint8_t, 3>;

/// [height, width] pixels, row by row: one byte of grey, or the four bytes red, green, blue and one
/// without meaning, which vector instructions and libjpeg-turbo handle faster than three.
struct Pixels {
  int height = 0, width = 0, channels = 1;  ///< 1 or 3
  std::unique_ptr<std::uint8_t[]> bytes;

  /// What may be read and written, too, behind the last pixel: vector instructions take 32 bytes.
  static constexpr std::size_t k_slack = 32;

  /// Its values are not set.
  static Pixels of_size(int height, int width, int channels);

  std::ptrdiff_t pixel_size() const { return channels == 1 ? 1 : 4; }
  std::ptrdiff_t stride() const { return width * pixel_size(); }
  std::uint8_t* row(int y) { return bytes.get() + y * stride(); }
  const std::uint8_t* row(int y) const { return bytes.get() + y * stride(); }
  std::uint8_t* at(int y, int x) { return row(y) + x * pixel_size(); }
  const std::uint8_t* at(int y, int x) const { return row(y) + x * pixel_size(); }
};

/// A rectangle of pixels.
struct Box {
  int top = 0, left = 0, height = 0, width = 0;
};

/// The picture as a camera's orientation, EXIF's 1 to 8, means it to be seen: 3 is turned by 180°,
/// 6 by 90° clockwise, 8 counter-clockwise; 2, 4, 5 and 7 are these and 1 in a mirror.
Pixels oriented(Pixels picture, int orientation);

/// Left and right, or top and bottom, change places.
void flip_horizontally(Pixels& picture);
void flip_vertically(Pixels& picture);

}  // namespace weft::host
