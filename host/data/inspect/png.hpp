// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host/data/image/decode_image.hpp"

namespace weft::host {

/// The picture as a PNG of 8 bits per channel, by FFmpeg.
/// REQUIRES: one or three channels, a pixel at least, and as many pixels as the sizes say.
/// @throws Error (io) when FFmpeg cannot
std::string png(const Image& image);

/// For text media such as HTML: `iVBORw0KGgo…`.
std::string base64(const std::string& bytes);

}  // namespace weft::host
