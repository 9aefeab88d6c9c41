// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/section.hpp"

namespace weft::host {
namespace {

/// One number for all channels, or one per channel.
std::vector<float> per_channel(const Section& section, const char* key, double fallback,
                               int channels) {
  const auto count = static_cast<std::size_t>(channels);
  if (!section.at(key).is_array()) {
    return std::vector<float>(count, section.real(key, fallback, -k_large, k_large));
  }
  std::vector<float> values;
  for (const Json& item : section.at(key)) {
    if (!item.is_number()) section.fail(key, "a number per channel");
    values.push_back(item.get<float>());
  }
  if (values.size() != count) section.fail(key, concat(channels, " numbers, one per channel"));
  return values;
}

}  // namespace

ImageOptions image_options(const Section& section) {
  ImageOptions image;
  const Json& size = section.at("size");
  const auto is_side = [](const Json& side) {
    return side.is_number_integer() && side.get<double>() >= 1 && side.get<double>() <= 8192;
  };
  if (!size.is_array() || size.size() != 2 || !is_side(size[0]) || !is_side(size[1])) {
    section.fail("size", "[height, width], each from 1 to 8192");
  }
  image.height = size[0].get<int>();
  image.width = size[1].get<int>();
  image.channels = section.integer("channels", 1, 1, 3);
  if (image.channels == 2) section.fail("channels", "1 (grey) or 3 (colour)");
  image.mean = per_channel(section, "mean", 0, image.channels);
  image.std = per_channel(section, "std", 1, image.channels);
  for (const float std : image.std) {
    if (!(std > 0)) section.fail("std", "numbers above 0");
  }
  image.shift = section.real("shift", 0, 0, 8192);
  image.rotate = section.real("rotate", 0, 0, 180);
  image.scale = section.real("scale", 0, 0, 0.5);
  return image;
}

}  // namespace weft::host
