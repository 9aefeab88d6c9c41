// SPDX-License-Identifier: Apache-2.0
extern "C" {
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include "host/base/text.hpp"
#include "host/data/codec/media.hpp"
#include "host/data/image/decode_image.hpp"
#include "host/data/image/decode_picture.hpp"
#include "host/data/image/decode_png.hpp"

namespace weft::host {
namespace {

struct Free {
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

/// One plane or several, as FFmpeg's scaler takes them.
struct Planes {
  int height = 0, width = 0;
  AVPixelFormat format = AV_PIX_FMT_NONE;
  const std::uint8_t* const* data = nullptr;
  const int* strides = nullptr;
};

/// Brings a decoded picture to the asked channels and size.
Image scaled(const Planes& from, const ImageForm& form, const std::string& place) {
  Image image{form.height > 0 ? form.height : from.height,
              form.width > 0 ? form.width : from.width,
              form.channels,
              {}};
  const auto row = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(form.channels);
  image.pixels.resize(row * static_cast<std::size_t>(image.height));
  const AVPixelFormat target = form.channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
  const std::unique_ptr<SwsContext, Free> scaler(
      sws_getContext(from.width, from.height, from.format, image.width, image.height, target,
                     SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr));
  if (!scaler) cannot_decode(place, "its colours or its size cannot be converted");
  std::uint8_t* const planes[4] = {image.pixels.data(), nullptr, nullptr, nullptr};
  const int strides[4] = {static_cast<int>(row), 0, 0, 0};
  const int rows =
      sws_scale(scaler.get(), from.data, from.strides, 0, from.height, planes, strides);
  if (rows != image.height) cannot_decode(place, "its colours or its size cannot be converted");
  return image;
}

Image scaled(const Pixels& from, const ImageForm& form, const std::string& place) {
  const std::uint8_t* const planes[4] = {from.row(0), nullptr, nullptr, nullptr};
  const int strides[4] = {static_cast<int>(from.stride()), 0, 0, 0};
  const AVPixelFormat format = from.channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB0;
  return scaled(Planes{from.height, from.width, format, planes, strides}, form, place);
}

Image scaled(const AVFrame& frame, const ImageForm& form, const std::string& place) {
  if (has_alpha(frame)) {
    return scaled(pixels_of(frame, form.channels, form.background, place), form, place);
  }
  const auto format = static_cast<AVPixelFormat>(frame.format);
  return scaled(Planes{frame.height, frame.width, format, frame.data, frame.linesize}, form, place);
}

Pixels decode_jpeg(std::span<const std::byte> bytes, int channels, const Least& least,
                   const std::string& place) {
  JpegReader reader(bytes, channels, least, place);
  Pixels picture = Pixels::of_size(reader.height(), reader.width(), reader.channels());
  for (int y = 0; y < picture.height; ++y) reader.read_row(picture.row(y));
  reader.finish();
  return picture.channels == channels ? std::move(picture) : grey_of(picture);
}

/// Calls `take` with the first picture.
void decode_first(std::span<const std::byte> bytes, const PictureHead& head,
                  const std::string& place, const std::function<void(const AVFrame&)>& take) {
  if (head.format == PictureFormat::png) return decode_png(bytes, place, take);
  decode_frames(bytes.first(head.end), Medium::picture, place, take);
}

}  // namespace

Image packed(const Pixels& picture) {
  Image image{picture.height, picture.width, picture.channels, {}};
  const auto channels = static_cast<std::size_t>(picture.channels);
  const std::size_t count =
      static_cast<std::size_t>(picture.height) * static_cast<std::size_t>(picture.width);
  image.pixels.resize(count * channels);
  const std::uint8_t* from = picture.row(0);
  for (std::size_t i = 0; i < count; ++i, from += picture.pixel_size()) {
    std::copy_n(from, channels, image.pixels.data() + i * channels);
  }
  return image;
}

Pixels unpacked(const Image& image) {
  Pixels picture = Pixels::of_size(image.height, image.width, image.channels);
  const auto channels = static_cast<std::size_t>(image.channels);
  std::uint8_t* to = picture.row(0);
  for (std::size_t at = 0; at < image.pixels.size(); at += channels, to += picture.pixel_size()) {
    std::copy_n(image.pixels.data() + at, channels, to);
  }
  return picture;
}

Image decode_image(std::span<const std::byte> bytes, const ImageForm& form,
                   const std::string& place) {
  const PictureHead head = vetted_head(bytes, place);
  ImageForm stored = form;
  if (head.orientation >= 5) std::swap(stored.height, stored.width);
  Image image;
  if (head.components == 4) {  // FFmpeg's colours of inks are not those that are meant.
    image = scaled(decode_jpeg(bytes, form.channels, {}, place), stored, place);
  } else {
    decode_first(bytes, head, place, [&](const AVFrame& frame) {
      if (image.pixels.empty()) image = scaled(frame, stored, place);
    });
  }
  if (image.pixels.empty()) cannot_decode(place, "it is cut off or holds no picture");
  if (head.orientation == 1) return image;
  return packed(oriented(unpacked(image), head.orientation));
}

Pixels decode_pixels(std::span<const std::byte> bytes, const PictureHead& head, int channels,
                     Colour background, const Least& least, const std::string& place) {
  if (head.format == PictureFormat::jpeg) {
    return oriented(decode_jpeg(bytes, channels, least, place), head.orientation);
  }
  std::optional<Pixels> picture;
  decode_first(bytes, head, place, [&](const AVFrame& frame) {
    if (!picture) picture = pixels_of(frame, channels, background, place);
  });
  if (!picture) cannot_decode(place, "it is cut off or holds no picture");
  return oriented(std::move(*picture), head.orientation);
}

}  // namespace weft::host
