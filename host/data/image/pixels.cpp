// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/pixels.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weft::host {
namespace {

template <std::ptrdiff_t Size>
Pixels transposed(const Pixels& from) {
  Pixels to = Pixels::of_size(from.width, from.height, from.channels);
  constexpr int k_block = 32;  // squares, so that both sides stay in the cache
  for (int top = 0; top < from.height; top += k_block) {
    for (int left = 0; left < from.width; left += k_block) {
      for (int y = top; y < std::min(top + k_block, from.height); ++y) {
        for (int x = left; x < std::min(left + k_block, from.width); ++x) {
          std::memcpy(to.at(x, y), from.at(y, x), Size);
        }
      }
    }
  }
  return to;
}

template <std::ptrdiff_t Size>
void mirror_row(std::uint8_t* row, int width) {
  for (int left = 0, right = width - 1; left < right; ++left, --right) {
    std::swap_ranges(row + left * Size, row + left * Size + Size, row + right * Size);
  }
}

}  // namespace

Pixels Pixels::of_size(int height, int width, int channels) {
  Pixels made{height, width, channels, nullptr};
  const auto size = static_cast<std::size_t>(made.stride() * height);
  made.bytes = std::make_unique_for_overwrite<std::uint8_t[]>(size + k_slack);
  std::fill_n(made.bytes.get() + size, k_slack, std::uint8_t{0});
  return made;
}

void flip_horizontally(Pixels& picture) {
  const auto mirror = picture.channels == 1 ? mirror_row<1> : mirror_row<4>;
  for (int y = 0; y < picture.height; ++y) mirror(picture.row(y), picture.width);
}

void flip_vertically(Pixels& picture) {
  for (int top = 0, bottom = picture.height - 1; top < bottom; ++top, --bottom) {
    std::swap_ranges(picture.row(top), picture.row(top + 1), picture.row(bottom));
  }
}

Pixels oriented(Pixels picture, int orientation) {
  if (orientation >= 5) {
    picture = picture.channels == 1 ? transposed<1>(picture) : transposed<4>(picture);
  }
  // What is left of each after that: 5 is the transposed picture itself.
  const bool mirrored =
      orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool upturned =
      orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  if (mirrored) flip_horizontally(picture);
  if (upturned) flip_vertically(picture);
  return picture;
}

}  // namespace weft::host
