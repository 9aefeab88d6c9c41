// SPDX-License-Identifier: Apache-2.0
/// Pictures out of memory, by FFmpeg's libraries. Bytes come from strangers: only
/// the formats and codecs below are tried, on one thread, with limits, and whatever FFmpeg would
/// repair or cut short is an error here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/data/image/pixels.hpp"

namespace weft::host {

/// What decode_image() is to give.
struct ImageForm {
  int channels = 1;           ///< 1 (grey) or 3 (red, green, blue)
  int height = 0, width = 0;  ///< 0: as the picture has them; otherwise it is stretched to them
  Colour background{};        ///< what is seen through a transparent picture
};

struct Image {
  int height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;  ///< [height, width, channels]
};

/// PNG, JPEG or WebP; the first picture of the file, turned as its EXIF orientation says. FFmpeg
/// decodes it (a JPEG of four inks: libjpeg-turbo) and brings it to its size, each pixel being the
/// mean of its area.
/// @param place  how a message begins: `digits-000.tar, sample 3-jackson-12: picture.png`
/// @throws Error (bad_data) when the bytes are not a whole picture or it is too large
Image decode_image(std::span<const std::byte> bytes, const ImageForm& form,
                   const std::string& place);

}  // namespace weft::host
