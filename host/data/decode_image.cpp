// SPDX-License-Identifier: Apache-2.0
extern "C" {
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

#include "host/base/text.hpp"
#include "host/data/decode.hpp"
#include "host/data/media.hpp"

namespace weft::host {
namespace {

struct Free {
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

/// FFmpeg fills the rest of a JPEG that is cut off with grey. Here the end marker must follow the
/// last scan; inside one its two bytes cannot occur, and a preview's own end comes before.
void require_whole_jpeg(std::span<const std::byte> bytes, const std::string& place) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with("\xff\xd8")) return;
  const std::size_t scan = text.rfind("\xff\xda"), end = text.rfind("\xff\xd9");
  if (scan == std::string_view::npos || end == std::string_view::npos || end < scan) {
    cannot_decode(place, "it is cut off");
  }
}

struct Size {
  std::int64_t height = 0, width = 0;
};

/// The number that `count` bytes make, most significant first. REQUIRES: they are there.
std::int64_t big_endian(std::span<const std::byte> bytes, std::size_t at, std::size_t count) {
  std::int64_t value = 0;
  for (const std::byte byte : bytes.subspan(at, count)) {
    value = value << 8 | std::to_integer<std::int64_t>(byte);
  }
  return value;
}

/// What a PNG's first chunk or a JPEG's frame header says; nothing when there is none.
std::optional<Size> announced_size(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89PNG") && text.size() >= 24) {
    return Size{big_endian(bytes, 20, 4), big_endian(bytes, 16, 4)};
  }
  if (!text.starts_with("\xff\xd8")) return std::nullopt;
  for (std::size_t at = 2; at + 9 <= text.size();) {
    const auto fill = static_cast<unsigned char>(text[at]);
    const auto marker = static_cast<unsigned char>(text[at + 1]);
    if (fill != 0xff || marker == 0xff) {
      ++at;
      continue;
    }
    const bool is_frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame) return Size{big_endian(bytes, at + 5, 2), big_endian(bytes, at + 7, 2)};
    const bool is_alone = marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    at += 2 + (is_alone ? 0 : static_cast<std::size_t>(big_endian(bytes, at + 2, 2)));
  }
  return std::nullopt;
}

/// Refuses a picture by what its head says, before anything is decoded.
void require_limits(std::span<const std::byte> bytes, const std::string& place) {
  const std::optional<Size> size = announced_size(bytes);
  if (!size) return;  // FFmpeg says what is wrong with it
  const std::int64_t pixels = size->height * std::min(size->width, k_most_pixels + 1);
  const std::string found = concat("it has ", size->height, " x ", size->width, " pixels");
  if (pixels == 0) cannot_decode(place, found);
  if (pixels > k_most_pixels) {
    cannot_decode(place, concat(found, "; at most ", k_most_pixels, " are read"));
  }
  if (pixels > k_free_pixels &&
      pixels / k_most_pixels_per_byte > static_cast<std::int64_t>(bytes.size())) {
    cannot_decode(place, concat(found, " in ", bytes.size(), " bytes; at most ",
                                k_most_pixels_per_byte, " pixels a byte are read"));
  }
}

/// A JPEG's scans, counted without those of previews being told apart.
void require_few_scans(std::span<const std::byte> bytes, const std::string& place) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with("\xff\xd8")) return;
  std::int64_t scans = 0;
  for (std::size_t at = 0; (at = text.find("\xff\xda", at)) != std::string_view::npos; ++at) {
    if (++scans > k_most_scans) {
      cannot_decode(place, concat("it is a JPEG in more than ", k_most_scans, " scans"));
    }
  }
}

/// Brings a decoded picture to the asked channels and size.
Image convert(const AVFrame& frame, const ImageForm& form, const std::string& place) {
  Image image{form.height > 0 ? form.height : frame.height,
              form.width > 0 ? form.width : frame.width,
              form.channels,
              {}};
  const auto row = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(form.channels);
  image.pixels.resize(row * static_cast<std::size_t>(image.height));
  const AVPixelFormat target = form.channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
  const std::unique_ptr<SwsContext, Free> scaler(
      sws_getContext(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format),
                     image.width, image.height, target,
                     SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr));
  if (!scaler) cannot_decode(place, "its colours or its size cannot be converted");
  std::uint8_t* const planes[4] = {image.pixels.data(), nullptr, nullptr, nullptr};
  const int strides[4] = {static_cast<int>(row), 0, 0, 0};
  const int rows =
      sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, planes, strides);
  if (rows != image.height) cannot_decode(place, "its colours or its size cannot be converted");
  return image;
}

}  // namespace

Image decode_image(std::span<const std::byte> bytes, const ImageForm& form,
                   const std::string& place) {
  require_limits(bytes, place);
  require_whole_jpeg(bytes, place);
  require_few_scans(bytes, place);
  Image image;
  decode_frames(bytes, Medium::picture, place, [&](const AVFrame& frame) {
    if (image.pixels.empty()) image = convert(frame, form, place);
  });
  if (image.pixels.empty()) cannot_decode(place, "it is cut off or holds no picture");
  return image;
}

}  // namespace weft::host
