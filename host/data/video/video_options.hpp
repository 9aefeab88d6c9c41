// SPDX-License-Identifier: Apache-2.0

#pragma once

#include "host/data/image/image_options.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {

/// A video -> float32 [frames, channels, height, width], each picture as ImageOptions says and
/// without its augmentation, and a mask [frames]. Which pictures, video.hpp says.
struct VideoOptions {
  ImageOptions picture;
  int frames = 0;
  double fps = 0;  ///< pictures per second, or 0: evenly over the whole video
};

VideoOptions video_options(const Section& section);

}  // namespace weft::host
