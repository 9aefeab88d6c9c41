// SPDX-License-Identifier: Apache-2.0
/// What a picture's file says of itself, read before anything is decoded.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace weft::host {

enum class PictureFormat { png, jpeg, webp, other };

struct PictureHead {
  PictureFormat format = PictureFormat::other;
  std::int64_t height = 0, width = 0;  ///< 0 where it does not say
  int components = 0;                  ///< of a JPEG: four are inks
  std::size_t end = 0;                 ///< of the first picture: of a JPEG behind its end marker
  int orientation = 1;                 ///< EXIF's, 1 to 8; see oriented()
};

/// Reads the head and holds it to the limits of codec/limits.hpp. The orientation is that of the
/// first EXIF block (JPEG's APP1, PNG's eXIf, WebP's EXIF), in its first directory; a block that is
/// damaged counts as none.
/// @throws Error (bad_data): too large, without a pixel, cut off, in too many scans, or animated
PictureHead vetted_head(std::span<const std::byte> bytes, const std::string& place);

}  // namespace weft::host
