// SPDX-License-Identifier: Apache-2.0
/// Pictures of their own size with the pixels that Pillow gives, and the steps to them.

#pragma once

#include <span>
#include <string>

#include "host/data/image/decode_image.hpp"
#include "host/data/image/image_head.hpp"
#include "host/data/image/jpeg_reader.hpp"
#include "host/data/image/pixels.hpp"

struct AVFrame;

namespace weft::host {

/// The picture, JPEG by JpegReader, turned as its EXIF orientation says; `least` counts before
/// that.
/// @param head  what vetted_head() says of the bytes
/// @throws Error (bad_data) when the bytes are not a whole picture
Pixels decode_pixels(std::span<const std::byte> bytes, const PictureHead& head, int channels,
                     Colour background, const Least& least, const std::string& place);

/// What FFmpeg decoded from a PNG or a WebP. 16 bits become round(v · 255 / 65535). WebP's chroma
/// is interpolated and converted as libwebp does. What is transparent shows the background:
/// round((a · v + (255 - a) · b) / 255).
/// @throws Error (bad_data) when it is of a form that neither decoder gives
Pixels pixels_of(const AVFrame& frame, int channels, Colour background, const std::string& place);

/// Whether pixels of the frame may be transparent.
bool has_alpha(const AVFrame& frame);

/// The same picture with and without the fourth byte of colours.
Image packed(const Pixels& picture);
Pixels unpacked(const Image& image);

/// Pillow's brightness: (19595 R + 38470 G + 7471 B + 32768) / 65536, rounded down.
Pixels grey_of(const Pixels& picture);

}  // namespace weft::host
