// SPDX-License-Identifier: Apache-2.0
#include "host/data/video/video.hpp"

#include <utility>

#include "host/data/image/image.hpp"

namespace weft::host {

Feature video_feature(std::span<const std::byte> bytes, const VideoOptions& options,
                      const std::string& place) {
  const ImageOptions& form = options.picture;
  const Video video = decode_video(
      bytes, {{form.channels, form.height, form.width}, options.frames, options.fps}, place);
  Array values = Array::empty(DType::float32,
                              {std::ssize(video.pictures), form.channels, form.height, form.width});
  float* out = values.data<float>();
  for (const Image& picture : video.pictures) {
    const auto count = std::ptrdiff_t{picture.height} * picture.width;
    out = normalise(picture.pixels.data(), count, form.channels, form, out);
  }
  return {std::move(values), video.count};
}

}  // namespace weft::host
