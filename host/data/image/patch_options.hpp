// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "host/data/image/image_options.hpp"
#include "host/data/masking/masking.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {

/// The edge of the patches under `patch`, which divides the picture.
int patch_of(const Section& section, const ImageOptions& image);

/// @param section  a picture's mask
PatchMasking patch_masking(const Section& section, const ImageOptions& image, int patch);

}  // namespace weft::host
