// SPDX-License-Identifier: Apache-2.0
/// Changes of a picture's colours as torchvision 0.26 defines them for pictures of 8 bits
/// (transforms.v2.functional): values are computed in single precision, held to 0 … 255 and rounded
/// down. Grey of a colour is 0.2989 R + 0.587 G + 0.114 B, rounded down.
/// Grey pictures have neither saturation nor hue: they stay as they are.

#pragma once

#include "host/base/random.hpp"
#include "host/data/image/image_options.hpp"
#include "host/data/image/pixels.hpp"

namespace weft::host {

/// v -> factor · v
void adjust_brightness(Pixels& picture, float factor);
/// v -> factor · v + (1 - factor) · the mean of the picture's grey
void adjust_contrast(Pixels& picture, float factor);
/// v -> factor · v + (1 - factor) · the pixel's grey
void adjust_saturation(Pixels& picture, float factor);
/// Turns the hue (of HSV) by so much of the circle, -1/2 to 1/2.
void adjust_hue(Pixels& picture, float turn);
/// v -> v + (1 - factor) · (b - v), b being the mean of the 3 x 3 around it with weight 5 in the
/// middle, rounded; pixels at the border stay.
void adjust_sharpness(Pixels& picture, float factor);
/// Keeps the highest `bits` bits of each value.
void posterize(Pixels& picture, int bits);
/// v -> 255 - v where v is at least the threshold.
void solarize(Pixels& picture, float threshold);
/// Stretches each channel so that it reaches from 0 to 255.
void autocontrast(Pixels& picture);
/// Evens each channel's histogram out, as Pillow's ImageOps.equalize does.
void equalize(Pixels& picture);

/// Whether the options' colour_jitter() does anything.
bool changes_colours(const ImageOptions& options);

/// torchvision's ColorJitter: brightness, contrast and saturation by factors even over
/// max(0, 1 - option) … 1 + option and hue by a turn even over ± option, in a random order.
void colour_jitter(Pixels& picture, const ImageOptions& options, RandomSequence& random);

}  // namespace weft::host
