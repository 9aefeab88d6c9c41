// SPDX-License-Identifier: Apache-2.0
extern "C" {
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cstring>
#include <functional>

#include "host/data/codec/media.hpp"
#include "host/data/image/decode_picture.hpp"

namespace weft::host {
namespace {

struct Rgba {
  std::uint8_t red = 0, green = 0, blue = 0, alpha = 255;
};

/// 16 bits, most significant first, to 8: round(v * 255 / 65535).
std::uint8_t of_16_bits(const std::uint8_t* two) {
  return static_cast<std::uint8_t>(((two[0] << 8 | two[1]) * 255 + 32767) / 65535);
}

Rgba grey(std::uint8_t value, std::uint8_t alpha = 255) {
  return {value, value, value, alpha};
}

std::uint8_t over(unsigned value, unsigned alpha, unsigned background) {
  return static_cast<std::uint8_t>((value * alpha + background * (255 - alpha) + 127) / 255);
}

/// Of each pixel of the frame, `read(row, x)` gives the colour.
template <class Read>
Pixels read_pixels(const AVFrame& frame, Colour background, Read read) {
  Pixels made = Pixels::of_size(frame.height, frame.width, 3);
  for (int y = 0; y < frame.height; ++y) {
    const std::uint8_t* const from = frame.data[0] + std::ptrdiff_t{y} * frame.linesize[0];
    std::uint8_t* to = made.row(y);
    for (int x = 0; x < frame.width; ++x, to += 4) {
      const Rgba colour = read(from, std::ptrdiff_t{x});
      to[0] = over(colour.red, colour.alpha, background[0]);
      to[1] = over(colour.green, colour.alpha, background[1]);
      to[2] = over(colour.blue, colour.alpha, background[2]);
      to[3] = 255;
    }
  }
  return made;
}

/// A palette's entry: alpha, red, green, blue from the most significant byte on.
Rgba entry(const AVFrame& frame, std::uint8_t index) {
  std::uint32_t argb = 0;
  std::memcpy(&argb, frame.data[1] + std::ptrdiff_t{index} * 4, sizeof argb);
  const auto byte = [&](int shift) { return static_cast<std::uint8_t>(argb >> shift & 0xff); };
  return {byte(16), byte(8), byte(0), byte(24)};
}

/// One value of chroma for each pixel of a row, where there is one for two by two: 9/16 of the
/// nearest, 3/16 of those beside and above or below, 1/16 of the one across, in libwebp's
/// arithmetic. Outside the picture the nearest stands for them.
void smooth_chroma(const AVFrame& frame, int plane, int y, std::uint8_t* to) {
  const int rows = (frame.height + 1) / 2, columns = (frame.width + 1) / 2;
  const int near_row = y / 2,
            far_row = std::clamp(y % 2 == 0 ? near_row - 1 : near_row + 1, 0, rows - 1);
  const auto row = [&](int index) {
    return frame.data[plane] + std::ptrdiff_t{index} * frame.linesize[plane];
  };
  const std::uint8_t *const near = row(near_row), *const far = row(far_row);
  for (int x = 0; x < frame.width; ++x) {
    const int here = x / 2, beside = x % 2 == 0 ? here - 1 : here + 1;
    if (beside < 0 || beside >= columns) {
      to[x] = static_cast<std::uint8_t>((3 * near[here] + far[here] + 2) >> 2);
      continue;
    }
    const int a = near[here], b = near[beside], c = far[here], d = far[beside];
    const int across = (a + b + c + d + 8 + 2 * (b + c)) >> 3;  // (a + 3b + 3c + d + 8) / 8
    to[x] = static_cast<std::uint8_t>((across + a) >> 1);
  }
}

/// libwebp's conversion: BT.601, brightness from 16 to 235, 14 bits behind the point.
Rgba of_webp(int luma, int blue, int red) {
  const auto part = [](int value, int factor) { return (value * factor) >> 8; };
  const auto byte = [](int value) {
    return static_cast<std::uint8_t>(std::clamp(value >> 6, 0, 255));
  };
  const int bright = part(luma, 19077);
  return {byte(bright + part(red, 26149) - 14234),
          byte(bright - part(blue, 6419) - part(red, 13320) + 8708),
          byte(bright + part(blue, 33050) - 17685)};
}

Pixels of_webp(const AVFrame& frame, Colour background) {
  Pixels made = Pixels::of_size(frame.height, frame.width, 3);
  const auto width = static_cast<std::size_t>(frame.width);
  std::vector<std::uint8_t> blue(width), red(width);
  const bool is_clear = frame.format == AV_PIX_FMT_YUVA420P;
  for (int y = 0; y < frame.height; ++y) {
    smooth_chroma(frame, 1, y, blue.data());
    smooth_chroma(frame, 2, y, red.data());
    const std::uint8_t* const luma = frame.data[0] + std::ptrdiff_t{y} * frame.linesize[0];
    const std::uint8_t* const alpha =
        is_clear ? frame.data[3] + std::ptrdiff_t{y} * frame.linesize[3] : nullptr;
    std::uint8_t* to = made.row(y);
    for (std::size_t x = 0; x < width; ++x, to += 4) {
      const Rgba colour = of_webp(luma[x], blue[x], red[x]);
      const unsigned opaque = is_clear ? alpha[x] : 255;
      to[0] = over(colour.red, opaque, background[0]);
      to[1] = over(colour.green, opaque, background[1]);
      to[2] = over(colour.blue, opaque, background[2]);
      to[3] = 255;
    }
  }
  return made;
}

}  // namespace

bool has_alpha(const AVFrame& frame) {
  if (frame.format == AV_PIX_FMT_PAL8) {
    for (int i = 0; i < 256; ++i) {
      if (entry(frame, static_cast<std::uint8_t>(i)).alpha != 255) return true;
    }
    return false;
  }
  return frame.format == AV_PIX_FMT_YA8 || frame.format == AV_PIX_FMT_YA16BE ||
         frame.format == AV_PIX_FMT_RGBA || frame.format == AV_PIX_FMT_RGBA64BE ||
         frame.format == AV_PIX_FMT_ARGB || frame.format == AV_PIX_FMT_YUVA420P;
}

Pixels grey_of(const Pixels& picture) {
  Pixels made = Pixels::of_size(picture.height, picture.width, 1);
  const std::uint8_t* from = picture.row(0);
  const std::ptrdiff_t count = made.stride() * made.height;
  for (std::ptrdiff_t i = 0; i < count; ++i, from += 4) {
    const unsigned sum = 19595U * from[0] + 38470U * from[1] + 7471U * from[2] + 32768U;
    made.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(sum >> 16);
  }
  return made;
}

Pixels pixels_of(const AVFrame& frame, int channels, Colour background, const std::string& place) {
  using Row = const std::uint8_t*;
  const auto read = [&](auto one) { return read_pixels(frame, background, one); };
  const auto colours = [&]() -> Pixels {
    switch (frame.format) {
      case AV_PIX_FMT_MONOBLACK:
        return read([](Row row, std::ptrdiff_t x) {
          return grey((row[x / 8] >> (7 - x % 8) & 1) != 0 ? 255 : 0);
        });
      case AV_PIX_FMT_GRAY8: return read([](Row row, std::ptrdiff_t x) { return grey(row[x]); });
      case AV_PIX_FMT_GRAY16BE:
        return read([](Row row, std::ptrdiff_t x) { return grey(of_16_bits(row + 2 * x)); });
      case AV_PIX_FMT_YA8:
        return read([](Row row, std::ptrdiff_t x) { return grey(row[2 * x], row[2 * x + 1]); });
      case AV_PIX_FMT_YA16BE:
        return read([](Row row, std::ptrdiff_t x) {
          return grey(of_16_bits(row + 4 * x), of_16_bits(row + 4 * x + 2));
        });
      case AV_PIX_FMT_PAL8:
        return read([&](Row row, std::ptrdiff_t x) { return entry(frame, row[x]); });
      case AV_PIX_FMT_RGB24:
        return read([](Row row, std::ptrdiff_t x) {
          return Rgba{row[3 * x], row[3 * x + 1], row[3 * x + 2]};
        });
      case AV_PIX_FMT_RGBA:
        return read([](Row row, std::ptrdiff_t x) {
          return Rgba{row[4 * x], row[4 * x + 1], row[4 * x + 2], row[4 * x + 3]};
        });
      case AV_PIX_FMT_ARGB:
        return read([](Row row, std::ptrdiff_t x) {
          return Rgba{row[4 * x + 1], row[4 * x + 2], row[4 * x + 3], row[4 * x]};
        });
      case AV_PIX_FMT_RGB48BE:
        return read([](Row row, std::ptrdiff_t x) {
          row += 6 * x;
          return Rgba{of_16_bits(row), of_16_bits(row + 2), of_16_bits(row + 4)};
        });
      case AV_PIX_FMT_RGBA64BE:
        return read([](Row row, std::ptrdiff_t x) {
          row += 8 * x;
          return Rgba{of_16_bits(row), of_16_bits(row + 2), of_16_bits(row + 4),
                      of_16_bits(row + 6)};
        });
      case AV_PIX_FMT_YUV420P:
      case AV_PIX_FMT_YUVA420P: return of_webp(frame, background);
      default: cannot_decode(place, "its form of colours is not read");
    }
  };
  return channels == 1 ? grey_of(colours()) : colours();
}

}  // namespace weft::host
