// SPDX-License-Identifier: Apache-2.0
#include "host/data/video/video_frame.hpp"

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cstring>
#include <utility>

#include "host/data/codec/media.hpp"

namespace weft::host {
namespace {

/// The display matrix's turn, if it is one by quarters or a mirror; else none.
std::array<int, 4> turn_of(const AVStream& stream) {
  std::size_t size = 0;
  const std::uint8_t* const bytes =
      av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  std::int32_t matrix[9] = {};
  if (bytes == nullptr || size < sizeof matrix) return {1, 0, 0, 1};
  std::memcpy(matrix, bytes, sizeof matrix);
  const auto unit = [](std::int32_t value) {
    return value == 1 << 16 ? 1 : (value == -(1 << 16) ? -1 : 0);
  };
  const std::array<int, 4> turn = {unit(matrix[0]), unit(matrix[1]), unit(matrix[3]),
                                   unit(matrix[4])};
  const bool is_straight = turn[0] * turn[3] != 0 && turn[1] == 0 && turn[2] == 0;
  const bool is_quarter = turn[1] * turn[2] != 0 && turn[0] == 0 && turn[3] == 0;
  return is_straight || is_quarter ? turn : std::array<int, 4>{1, 0, 0, 1};
}

Image turned(const Image& image, const std::array<int, 4>& turn) {
  const bool is_quarter = turn[0] == 0;
  Image result{is_quarter ? image.width : image.height, is_quarter ? image.height : image.width,
               image.channels, std::vector<std::uint8_t>(image.pixels.size())};
  const auto channels = static_cast<std::size_t>(image.channels);
  const int left = std::min(0, turn[0] * (image.width - 1) + turn[2] * (image.height - 1));
  const int top = std::min(0, turn[1] * (image.width - 1) + turn[3] * (image.height - 1));
  const std::uint8_t* pixel = image.pixels.data();
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x, pixel += channels) {
      const int column = turn[0] * x + turn[2] * y - left, row = turn[1] * x + turn[3] * y - top;
      const auto at = static_cast<std::size_t>(row) * static_cast<std::size_t>(result.width) +
                      static_cast<std::size_t>(column);
      std::copy_n(pixel, channels, result.pixels.data() + at * channels);
    }
  }
  return result;
}

/// swscale's constant for a colour space.
int space_of(const AVFrame& frame) {
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709: return SWS_CS_ITU709;
    case AVCOL_SPC_FCC: return SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL: return SWS_CS_BT2020;
    default: return SWS_CS_ITU601;
  }
}

}  // namespace

void PictureShape::Free::operator()(SwsContext* scaler) const {
  sws_freeContext(scaler);
}

PictureShape::PictureShape(const ImageForm& form, const AVStream& stream, const std::string& place)
    : form_(form), place_(place), turn_(turn_of(stream)) {}

Image PictureShape::picture(const AVFrame& frame) {
  const bool is_quarter = turn_[0] == 0;
  Image image{is_quarter ? form_.width : form_.height,
              is_quarter ? form_.height : form_.width,
              form_.channels,
              {}};
  const auto row = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(form_.channels);
  image.pixels.resize(row * static_cast<std::size_t>(image.height));
  const AVPixelFormat target = form_.channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
  // Takes the old scaler where it fits, and frees it where it does not.
  scaler_.reset(sws_getCachedContext(
      scaler_.release(), frame.width, frame.height, static_cast<AVPixelFormat>(frame.format),
      image.width, image.height, target, SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr,
      nullptr, nullptr));
  if (!scaler_) cannot_decode(place_, "its colours or its size cannot be converted");
  const int* const space = sws_getCoefficients(space_of(frame));
  // Formats without a colour space, such as grey, do not take it; nothing is lost.
  sws_setColorspaceDetails(scaler_.get(), space, frame.color_range == AVCOL_RANGE_JPEG ? 1 : 0,
                           space, 1, 0, 1 << 16, 1 << 16);
  std::uint8_t* const planes[4] = {image.pixels.data(), nullptr, nullptr, nullptr};
  const int strides[4] = {static_cast<int>(row), 0, 0, 0};
  const int rows =
      sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, planes, strides);
  if (rows != image.height) cannot_decode(place_, "its colours or its size cannot be converted");
  const bool is_upright = turn_ == std::array<int, 4>{1, 0, 0, 1};
  return is_upright ? image : turned(image, turn_);
}

}  // namespace weft::host
