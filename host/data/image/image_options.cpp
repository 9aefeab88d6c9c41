// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/image_options.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/section/section.hpp"

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
  if (values.size() != count)
    section.refuse(key,
                   concat(channels, channels == 1 ? " number" : " numbers", ", one per channel"));
  values.resize(count);
  return values;
}

/// [low, high], both within bounds; the fallback where it is left out.
std::array<float, 2> range(const Section& section, const char* key, std::array<float, 2> fallback,
                           double low, double high) {
  if (!section.has(key)) return fallback;
  const Json& pair = section.at(key);
  const auto holds = [&](const Json& value) {
    return value.is_number() && value.get<double>() >= low && value.get<double>() <= high;
  };
  if (!pair.is_array() || pair.size() != 2 || !holds(pair[0]) || !holds(pair[1]) ||
      pair[0].get<double>() > pair[1].get<double>()) {
    section.fail(key, concat("[lowest, highest], each from ", low, " to ", high));
  }
  return {pair[0].get<float>(), pair[1].get<float>()};
}

std::array<std::uint8_t, 3> background(const Section& section) {
  if (!section.has("background")) return {};
  const Json& value = section.at("background");
  const auto holds = [](const Json& byte) {
    return byte.is_number_integer() && byte.get<double>() >= 0 && byte.get<double>() <= 255;
  };
  std::array<std::uint8_t, 3> colour{};
  for (std::size_t i = 0; i < 3; ++i) {
    const bool has_three = value.is_array() && value.size() == 3;
    const Json& part = has_three ? value[i] : value;
    if (!holds(part)) {
      section.fail("background", "a grey from 0 to 255, or [red, green, blue] of such numbers");
    }
    colour[i] = part.get<std::uint8_t>();
  }
  return colour;
}

/// How the picture comes to its size.
void read_sizing(const Section& section, ImageOptions& image) {
  const std::string resize = section.word("resize", "area"), fit = section.word("fit", "stretch");
  if (resize != "area" && resize != "bilinear" && resize != "bicubic") {
    section.refuse("resize", "area, bilinear or bicubic");
  }
  if (fit != "stretch" && fit != "crop" && fit != "pad") {
    section.refuse("fit", "stretch, crop or pad");
  }
  if (resize == "bilinear") image.resize = Resize::bilinear;
  if (resize == "bicubic") image.resize = Resize::bicubic;
  if (fit == "crop") image.fit = Fit::crop;
  if (fit == "pad") image.fit = Fit::pad;
  image.draft = section.flag("dct_scaling");
  if (section.has("crop")) {
    const Section crop = section.inner("crop");
    image.crop = {range(crop, "scale", {0.08F, 1}, 1e-4, 1),
                  range(crop, "ratio", {3.0F / 4, 4.0F / 3}, 1e-2, 1e2)};
  }
  if (image.resize == Resize::area && (image.fit != Fit::stretch || image.draft || image.crop)) {
    section.refuse("resize", "bilinear or bicubic, which fit, dct_scaling and crop go with");
  }
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
  if (image.channels == 2) section.refuse("channels", "1 (grey) or 3 (colour)");
  image.mean = per_channel(section, "mean", 0, image.channels);
  image.std = per_channel(section, "std", 1, image.channels);
  for (const float std : image.std) {
    if (!(std > 0)) section.refuse("std", "numbers above 0");
  }
  image.background = background(section);
  read_sizing(section, image);
  image.flip = section.real("flip", 0, 0, 1);
  image.flip_vertical = section.real("flip_vertical", 0, 0, 1);
  image.brightness = section.real("brightness", 0, 0, 100);
  image.contrast = section.real("contrast", 0, 0, 100);
  image.saturation = section.real("saturation", 0, 0, 100);
  image.hue = section.real("hue", 0, 0, 0.5);
  if (section.has("rand_augment")) {
    const Section augment = section.inner("rand_augment");
    image.rand_augment.operations = augment.integer("operations", 2, 1, 100);
    image.rand_augment.magnitude = augment.integer("magnitude", 9, 0, 30);
  }
  image.shift = section.real("translate", 0, 0, 8192);
  image.rotate = section.real("rotate", 0, 0, 180);
  image.scale = section.real("zoom", 0, 0, 0.5);
  return image;
}

}  // namespace weft::host
