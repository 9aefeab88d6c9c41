// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/augment_image.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace weft::host {
namespace {

/// Where a pixel of the result lies in the source: x' = xx·x + xy·y + x0, likewise y'.
struct Affine {
  float xx, xy, x0, yx, yy, y0;
};

/// The inverse of: scale and rotate about the middle, then shift.
Affine random_affine(const ImageOptions& options, RandomSequence& random) {
  const float angle = random.within(options.rotate) * std::numbers::pi_v<float> / 180;
  const float scale = 1 + random.within(options.scale);
  const float shift_x = random.within(options.shift), shift_y = random.within(options.shift);
  const float middle_x = static_cast<float>(options.width - 1) / 2;
  const float middle_y = static_cast<float>(options.height - 1) / 2;
  const float along = std::cos(angle) / scale, across = std::sin(angle) / scale;
  const float back_x = -middle_x - shift_x, back_y = -middle_y - shift_y;
  return {along,   across, along * back_x + across * back_y + middle_x,
          -across, along,  -across * back_x + along * back_y + middle_y};
}

/// The largest whole number that is not above x. std::floor() is a call on plain x86-64.
int below(float x) {
  const int whole = static_cast<int>(x);
  return whole - (static_cast<float>(whole) > x ? 1 : 0);
}

float between(float a, float b, float part) {
  return a + part * (b - a);
}

/// One channel; `black` is the normalised value of pixel 0.
void transform(const float* from, float* to, int height, int width, float black,
               const Affine& affine) {
  const auto pixel = [&](int y, int x) {
    const bool is_inside = x >= 0 && x < width && y >= 0 && y < height;
    return is_inside ? from[static_cast<std::ptrdiff_t>(y) * width + x] : black;
  };
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      const auto fx = static_cast<float>(column), fy = static_cast<float>(row);
      const float x = affine.xx * fx + affine.xy * fy + affine.x0;
      const float y = affine.yx * fx + affine.yy * fy + affine.y0;
      const int left = below(x), top = below(y);
      const float right_part = x - static_cast<float>(left);
      const float low_part = y - static_cast<float>(top);
      const float high = between(pixel(top, left), pixel(top, left + 1), right_part);
      const float low = between(pixel(top + 1, left), pixel(top + 1, left + 1), right_part);
      *to++ = between(high, low, low_part);
    }
  }
}

}  // namespace

void augment_image(const float* from, float* to, const ImageOptions& options,
                   RandomSequence& random) {
  const std::ptrdiff_t area = static_cast<std::ptrdiff_t>(options.height) * options.width;
  if (options.shift == 0 && options.rotate == 0 && options.scale == 0) {
    std::copy_n(from, area * options.channels, to);
    return;
  }
  const Affine affine = random_affine(options, random);
  for (int channel = 0; channel < options.channels; ++channel) {
    const auto index = static_cast<std::size_t>(channel);
    const float black = -options.mean[index] / options.std[index];
    transform(from + channel * area, to + channel * area, options.height, options.width, black,
              affine);
  }
}

void write_picture(const Array& pixels, const ImageOptions& options, RandomSequence* random,
                   float* out) {
  if (random != nullptr) {
    augment_image(pixels.data<float>(), out, options, *random);
  } else {
    std::copy_n(pixels.data<float>(), pixels.count(), out);
  }
}

}  // namespace weft::host
