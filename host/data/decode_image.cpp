// SPDX-License-Identifier: Apache-2.0
extern "C" {
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string_view>

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
  require_whole_jpeg(bytes, place);
  Image image;
  decode_frames(bytes, Medium::picture, place, [&](const AVFrame& frame) {
    if (image.pixels.empty()) image = convert(frame, form, place);
  });
  if (image.pixels.empty()) cannot_decode(place, "it is cut off or holds no picture");
  return image;
}

}  // namespace weft::host
