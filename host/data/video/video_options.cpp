// SPDX-License-Identifier: Apache-2.0
#include "host/data/video/video_options.hpp"

#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {

VideoOptions video_options(const Section& section) {
  constexpr double k_most_numbers = 1 << 28;
  VideoOptions video;
  video.picture = image_options(section);
  video.frames = section.integer("frames", std::nullopt, 1, 4096);
  const double numbers =
      1.0 * video.frames * video.picture.channels * video.picture.height * video.picture.width;
  if (numbers > k_most_numbers) {
    section.refuse("frames",
                   concat("fewer or smaller pictures: frames x channels x height x width up "
                          "to ",
                          static_cast<std::int64_t>(k_most_numbers)));
  }
  if (section.has("fps") == section.has("sample")) {
    section.fail("sample", "either \"sample\": \"uniform\" or \"fps\"");
  }
  if (section.has("fps")) {
    video.fps = section.number("fps", 0, 0.001, 1000);
  } else if (section.word("sample", "") != "uniform") {
    section.refuse("sample", "uniform");
  }
  return video;
}

}  // namespace weft::host
