// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/rand_augment.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "host/data/image/color.hpp"

namespace weft::host {
namespace {

/// Where a pixel of the result lies in the source, both counted from the middle of the picture:
/// x' = xx·x + xy·y + x0, likewise y'.
struct Affine {
  float xx = 1, xy = 0, x0 = 0, yx = 0, yy = 1, y0 = 0;
};

Pixels moved(const Pixels& from, const Affine& affine) {
  Pixels to = Pixels::of_size(from.height, from.width, from.channels);
  const float middle_x = static_cast<float>(from.width - 1) / 2;
  const float middle_y = static_cast<float>(from.height - 1) / 2;
  const std::ptrdiff_t size = from.pixel_size();
  std::uint8_t* out = to.row(0);
  for (int row = 0; row < from.height; ++row) {
    const float y = static_cast<float>(row) - middle_y;
    for (int column = 0; column < from.width; ++column, out += size) {
      const float x = static_cast<float>(column) - middle_x;
      const float there_x = affine.xx * x + affine.xy * y + affine.x0 + middle_x;
      const float there_y = affine.yx * x + affine.yy * y + affine.y0 + middle_y;
      const auto left = static_cast<int>(std::nearbyint(there_x));
      const auto top = static_cast<int>(std::nearbyint(there_y));
      const bool is_inside = left >= 0 && left < from.width && top >= 0 && top < from.height;
      if (is_inside) std::copy_n(from.at(top, left), size, out);
      if (!is_inside) std::fill_n(out, size, std::uint8_t{0});
    }
  }
  return to;
}

}  // namespace

Pixels augmented(Pixels picture, Operation operation, int magnitude, bool is_negative) {
  const float part = static_cast<float>(magnitude) / k_most_magnitude;
  const float sign = is_negative ? -1.0F : 1.0F;
  const float shear = sign * 0.3F * part, factor = 1 + sign * 0.9F * part;
  const auto height = static_cast<float>(picture.height), width = static_cast<float>(picture.width);
  const auto distance = [&](float side) { return sign * std::trunc(150.0F / 331 * side * part); };
  switch (operation) {
    case Operation::identity: break;
    // The corner is half the size away from the middle.
    case Operation::shear_x: return moved(picture, {.xy = shear, .x0 = shear * height / 2});
    case Operation::shear_y: return moved(picture, {.yx = shear, .y0 = shear * width / 2});
    case Operation::translate_x: return moved(picture, {.x0 = -distance(width)});
    case Operation::translate_y: return moved(picture, {.y0 = -distance(height)});
    case Operation::rotate: {
      const float angle = sign * 30 * part * std::numbers::pi_v<float> / 180;
      const float along = std::cos(angle), across = std::sin(angle);
      return moved(picture, {.xx = along, .xy = -across, .yx = across, .yy = along});
    }
    case Operation::brightness: adjust_brightness(picture, factor); break;
    case Operation::colour: adjust_saturation(picture, factor); break;
    case Operation::contrast: adjust_contrast(picture, factor); break;
    case Operation::sharpness: adjust_sharpness(picture, factor); break;
    case Operation::posterize:
      posterize(picture, static_cast<int>(std::nearbyint(8 - 4 * part)));
      break;
    case Operation::solarize: solarize(picture, 255 * (1 - part)); break;
    case Operation::autocontrast: autocontrast(picture); break;
    case Operation::equalize: equalize(picture); break;
  }
  return picture;
}

Pixels rand_augment(Pixels picture, const RandAugmentOptions& options, RandomSequence& random) {
  for (int i = 0; i < options.operations; ++i) {
    const auto operation = static_cast<Operation>(random.below(k_operations));
    const bool is_negative = random.unit() < 0.5F;
    picture = augmented(std::move(picture), operation, options.magnitude, is_negative);
  }
  return picture;
}

}  // namespace weft::host
