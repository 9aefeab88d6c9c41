// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/image_head.hpp"

#include <algorithm>
#include <string_view>

#include "host/base/strict_json.hpp"
#include "host/base/text.hpp"
#include "host/data/codec/limits.hpp"
#include "host/data/codec/media.hpp"

namespace weft::host {
namespace {

constexpr std::string_view k_exif("Exif\0\0", 6);

/// The number that `count` bytes make. REQUIRES: they are there.
std::int64_t big_endian(std::string_view text, std::size_t at, std::size_t count) {
  std::int64_t value = 0;
  for (const char byte : text.substr(at, count)) {
    value = value << 8 | static_cast<unsigned char>(byte);
  }
  return value;
}
std::int64_t little_endian(std::string_view text, std::size_t at, std::size_t count) {
  std::int64_t value = 0;
  for (std::size_t i = count; i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(text[at + i - 1]);
  }
  return value;
}

/// The tag Orientation in the first directory of a TIFF block; 1 when there is none that holds.
int orientation_of(std::string_view tiff) {
  constexpr std::int64_t k_orientation = 0x0112, k_short = 3;
  if (tiff.starts_with(k_exif)) tiff.remove_prefix(k_exif.size());
  const bool is_big = tiff.starts_with(std::string_view("MM\0*", 4));
  if (tiff.size() < 8 || !(is_big || tiff.starts_with(std::string_view("II*\0", 4)))) return 1;
  const auto number = is_big ? big_endian : little_endian;
  const auto size = static_cast<std::int64_t>(tiff.size());
  const std::int64_t directory = number(tiff, 4, 4);
  if (directory + 2 > size) return 1;
  const std::int64_t entries = number(tiff, static_cast<std::size_t>(directory), 2);
  for (std::int64_t i = 0; i < entries; ++i) {
    const std::int64_t entry = directory + 2 + 12 * i;
    if (entry + 12 > size) return 1;
    const auto at = static_cast<std::size_t>(entry);
    if (number(tiff, at, 2) != k_orientation) continue;
    const std::int64_t value = number(tiff, at + 8, 2);
    const bool holds = number(tiff, at + 2, 2) == k_short && value >= 1 && value <= 8;
    return holds ? static_cast<int>(value) : 1;
  }
  return 1;
}

/// FFmpeg fills the rest of a JPEG that is cut off with grey. Here the end marker must follow the
/// last scan; inside one its two bytes cannot occur, and a preview's own end comes before.
void require_whole_jpeg(std::string_view text, const std::string& place) {
  const std::size_t scan = text.rfind("\xff\xda"), end = text.rfind("\xff\xd9");
  if (scan == std::string_view::npos || end == std::string_view::npos || end < scan) {
    cannot_decode(place, "it is cut off");
  }
}

/// Behind the end marker of a JPEG's first picture: phones put further pictures there. Inside scans
/// 0xff is followed by 0 or by a restart marker. The whole size if the markers do not lead to it.
std::size_t jpeg_end(std::string_view text) {
  for (std::size_t at = 2; at + 2 <= text.size();) {
    const auto marker = static_cast<unsigned char>(text[at + 1]);
    if (text[at] != '\xff') {  // inside a scan
      at = text.find('\xff', at);
      if (at == std::string_view::npos) break;
      continue;
    }
    if (marker == 0xd9) return at + 2;
    const bool is_alone = marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    if (marker == 0xff) {
      ++at;
    } else if (is_alone) {
      at += 2;
    } else {
      if (at + 4 > text.size()) break;
      at += 2 + static_cast<std::size_t>(std::max<std::int64_t>(big_endian(text, at + 2, 2), 2));
    }
  }
  return text.size();
}

/// A JPEG's scans, counted without those of previews being told apart.
void require_few_scans(std::string_view text, const std::string& place) {
  std::int64_t scans = 0;
  for (std::size_t at = 0; (at = text.find("\xff\xda", at)) != std::string_view::npos; ++at) {
    if (++scans > k_most_scans) {
      cannot_decode(place, concat("it is a JPEG in more than ", k_most_scans, " scans"));
    }
  }
}

/// Baseline, extended and progressive frames of 8 bits, coded by Huffman, are read. FFmpeg would
/// take 12 bits for 8.
void require_read_jpeg(unsigned marker, unsigned precision, const std::string& place) {
  constexpr unsigned k_lossless = 0xc3, k_first_differential = 0xc5, k_first_arithmetic = 0xc9;
  if (marker == k_lossless) cannot_decode(place, "it is a lossless JPEG, which is not read");
  if (marker >= k_first_arithmetic)
    cannot_decode(place, "it is a JPEG coded arithmetically, which is not read");
  if (marker >= k_first_differential)
    cannot_decode(place, "it is a hierarchical JPEG, which is not read");
  if (precision != 8)
    cannot_decode(place, concat("it is a JPEG of ", precision, " bits a sample; 8 are read"));
}

/// The frame header's size, and the orientation of an EXIF block that stands before it.
/// @return  whether there is a frame header
bool read_jpeg(std::string_view text, PictureHead& head, const std::string& place) {
  bool has_exif = false;
  for (std::size_t at = 2; at + 9 <= text.size();) {
    const auto fill = static_cast<unsigned char>(text[at]);
    const auto marker = static_cast<unsigned char>(text[at + 1]);
    if (fill != 0xff || marker == 0xff) {
      ++at;
      continue;
    }
    const bool is_frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame) {
      require_read_jpeg(marker, static_cast<unsigned char>(text[at + 4]), place);
      if (at + 9 < text.size()) head.components = static_cast<unsigned char>(text[at + 9]);
      head.height = big_endian(text, at + 5, 2);
      head.width = big_endian(text, at + 7, 2);
      return true;
    }
    const bool is_alone = marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    const auto length = is_alone ? 0 : static_cast<std::size_t>(big_endian(text, at + 2, 2));
    const std::string_view segment = text.substr(at + 4, std::max<std::size_t>(length, 2) - 2);
    if (marker == 0xe1 && !is_alone && segment.starts_with(k_exif) && !has_exif) {
      head.orientation = orientation_of(segment);
      has_exif = true;
    }
    at += 2 + length;
  }
  return false;
}

/// REQUIRES: 24 bytes
void require_png_head(std::string_view text, const std::string& place) {
  if (!text.starts_with("\x89PNG\r\n\x1a\n"))
    cannot_decode(place, "it is a PNG in which line ends were changed, as by a copy in text mode");
  if (const std::string_view first = text.substr(12, 4); first != "IHDR")
    cannot_decode(place, concat("it is a PNG that begins with the chunk ", shown(first),
                                " instead of its head (IHDR)"));
}

void read_png(std::string_view text, PictureHead& head) {
  head.width = big_endian(text, 16, 4);
  head.height = big_endian(text, 20, 4);
  for (std::size_t at = 8; at + 12 <= text.size();) {
    const auto length = static_cast<std::size_t>(big_endian(text, at, 4));
    if (length > text.size() - at - 12) return;
    const std::string_view kind = text.substr(at + 4, 4);
    if (kind == "IEND") return;
    if (kind == "eXIf") {
      head.orientation = orientation_of(text.substr(at + 8, length));
      return;
    }
    at += 12 + length;
  }
}

/// The size that one of WebP's chunks gives, if it gives one.
void widen_to(std::string_view kind, std::string_view chunk, PictureHead& head) {
  std::int64_t height = 0, width = 0;
  if (kind == "VP8X" && chunk.size() >= 10) {
    width = little_endian(chunk, 4, 3) + 1;
    height = little_endian(chunk, 7, 3) + 1;
  } else if (kind == "VP8L" && chunk.size() >= 5) {
    const std::int64_t bits = little_endian(chunk, 1, 4);
    width = (bits & 0x3fff) + 1;
    height = (bits >> 14 & 0x3fff) + 1;
  } else if (kind == "VP8 " && chunk.size() >= 10) {
    width = little_endian(chunk, 6, 2) & 0x3fff;
    height = little_endian(chunk, 8, 2) & 0x3fff;
  }
  head.width = std::max(head.width, width);
  head.height = std::max(head.height, height);
}

void read_webp(std::string_view text, PictureHead& head, const std::string& place) {
  const std::int64_t announced = little_endian(text, 4, 4) + 8;
  if (announced > static_cast<std::int64_t>(text.size())) cannot_decode(place, "it is cut off");
  bool has_exif = false;
  for (std::size_t at = 12; at + 8 <= text.size();) {
    const std::string_view kind = text.substr(at, 4);
    const auto length = static_cast<std::size_t>(little_endian(text, at + 4, 4));
    if (length > text.size() - at - 8) cannot_decode(place, "it is cut off");
    const std::string_view chunk = text.substr(at + 8, length);
    if (kind == "ANIM" || kind == "ANMF") cannot_decode(place, "it is an animated WebP");
    widen_to(kind, chunk, head);
    if (kind == "EXIF" && !has_exif) {
      head.orientation = orientation_of(chunk);
      has_exif = true;
    }
    at += 8 + length + length % 2;
  }
}

void require_size(const PictureHead& head, std::size_t bytes, const std::string& place) {
  const std::int64_t pixels = head.height * std::min(head.width, k_most_pixels + 1);
  const std::string found = concat("it has ", head.height, " x ", head.width, " pixels");
  if (pixels == 0) cannot_decode(place, found);
  if (pixels > k_most_pixels) {
    cannot_decode(place, concat(found, "; at most ", k_most_pixels, " are read"));
  }
  if (pixels > k_free_pixels &&
      pixels / k_most_pixels_per_byte > static_cast<std::int64_t>(bytes)) {
    cannot_decode(place, concat(found, " in ", bytes, " bytes; at most ", k_most_pixels_per_byte,
                                " pixels a byte are read"));
  }
}

}  // namespace

PictureHead vetted_head(std::span<const std::byte> bytes, const std::string& place) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  PictureHead head;
  head.end = text.size();
  if (text.starts_with("\x89PNG")) {
    head.format = PictureFormat::png;
    if (text.size() < 24) return head;  // The decoder says what is wrong with it.
    require_png_head(text, place);
    read_png(text, head);
    require_size(head, bytes.size(), place);
  } else if (text.starts_with("\xff\xd8")) {
    head.format = PictureFormat::jpeg;
    if (read_jpeg(text, head, place)) require_size(head, bytes.size(), place);
    require_whole_jpeg(text, place);
    head.end = jpeg_end(text);
    require_few_scans(text, place);
  } else if (text.size() >= 12 && text.starts_with("RIFF") && text.substr(8, 4) == "WEBP") {
    head.format = PictureFormat::webp;
    read_webp(text, head, place);
    require_size(head, bytes.size(), place);
  }
  return head;
}

}  // namespace weft::host
