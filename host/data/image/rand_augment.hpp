// SPDX-License-Identifier: Apache-2.0
/// RandAugment (Cubuk et al., 2020), with the operations and magnitudes of torchvision 0.26.

#pragma once

#include <array>

#include "host/base/random.hpp"
#include "host/data/image/image_options.hpp"
#include "host/data/image/pixels.hpp"

namespace weft::host {

enum class Operation {
  identity,
  shear_x,
  shear_y,
  translate_x,
  translate_y,
  rotate,
  brightness,
  colour,
  contrast,
  sharpness,
  posterize,
  solarize,
  autocontrast,
  equalize,
};
inline constexpr int k_operations = 14, k_most_magnitude = 30;

/// One operation with magnitude m, 0 to 30; h x w is the picture's size:
///
/// | operation                              | amount                        | signed |
/// |----------------------------------------|-------------------------------|--------|
/// | shear_x, shear_y                       | 0.3 m/30, about the corner    | yes    |
/// | translate_x, translate_y               | 150/331 w (h) m/30, cut       | yes    |
/// | rotate                                 | 30° m/30                      | yes    |
/// | brightness, colour, contrast, sharpness| factor 1 ± 0.9 m/30           | yes    |
/// | posterize                              | round(8 - 4 m/30) bits        | no     |
/// | solarize                               | from 255 (1 - m/30) on        | no     |
///
/// Geometry takes the nearest pixel; what comes from outside is black. `is_negative` turns the sign
/// of what is signed.
Pixels augmented(Pixels picture, Operation operation, int magnitude, bool is_negative);

/// options.operations of them, one after the other, each drawn evenly, its sign too.
Pixels rand_augment(Pixels picture, const RandAugmentOptions& options, RandomSequence& random);

}  // namespace weft::host
