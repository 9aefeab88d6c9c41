// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/field_html.hpp"

#include <algorithm>
#include <cmath>

#include "host/base/html.hpp"
#include "host/base/text.hpp"
#include "host/data/dataset/content.hpp"
#include "host/data/inspect/png.hpp"

namespace weft::host {

std::string image_tag(const Image& image, const std::string& kind) {
  return concat("<img class=\"", kind, "\" width=\"", image.width, "\" height=\"", image.height,
                "\" alt=\"", kind, "\" src=\"data:image/png;base64,", base64(png(image)), "\">");
}

std::uint8_t level(double value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 1.0) * 255));
}

std::string picture_html(const float* values, const std::vector<std::int64_t>& sizes,
                         const ImageOptions* options) {
  Image image{
      static_cast<int>(sizes[1]), static_cast<int>(sizes[2]), static_cast<int>(sizes[0]), {}};
  const std::int64_t pixels = sizes[1] * sizes[2];
  const auto [low, high] = std::minmax_element(values, values + pixels * sizes[0]);
  const double darkest = static_cast<double>(*low);
  const double range = std::max(static_cast<double>(*high) - darkest, 1e-9);
  image.pixels.reserve(static_cast<std::size_t>(pixels * sizes[0]));
  for (std::int64_t i = 0; i < pixels; ++i) {
    for (std::int64_t c = 0; c < sizes[0]; ++c) {
      const auto value = static_cast<double>(values[c * pixels + i]);
      const auto channel = static_cast<std::size_t>(c);
      image.pixels.push_back(level(options != nullptr
                                       ? value * static_cast<double>(options->std[channel]) +
                                             static_cast<double>(options->mean[channel])
                                       : (value - darkest) / range));
    }
  }
  return image_tag(image, "picture");
}

std::string token_text(const Dataset& data, const std::string& field, std::int64_t id,
                       std::int64_t source) {
  const Tokenizer& tokenizer = *data.content().tokenizer;
  if (source > 0) return concat("[patch ", source, ']');
  if (source < 0) return concat("[group ", -source, ']');
  if (id == tokenizer.id_of(SpecialId::begin)) return "[begin]";
  if (id == tokenizer.id_of(SpecialId::end)) return "[end]";
  if (id == tokenizer.pad()) return "[pad]";
  return data.decode_text(field, {&id, 1});
}

}  // namespace weft::host
