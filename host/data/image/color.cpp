// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/color.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace weft::host {
namespace {

using Table = std::array<std::uint8_t, 256>;

std::uint8_t held(float value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F));
}

template <class Change>
Table table_of(Change change) {
  Table table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = change(static_cast<int>(i));
  return table;
}

std::ptrdiff_t byte_count(const Pixels& picture) {
  return picture.stride() * picture.height;
}

void map_values(const Table& table, Pixels& picture) {
  std::uint8_t* const values = picture.row(0);
  for (std::ptrdiff_t i = 0; i < byte_count(picture); ++i) values[i] = table[values[i]];
}

/// To one channel.
void map_values(const Table& table, Pixels& picture, int channel) {
  std::uint8_t* const values = picture.row(0);
  for (std::ptrdiff_t i = channel; i < byte_count(picture); i += picture.pixel_size()) {
    values[i] = table[values[i]];
  }
}

/// How often each value occurs in one channel.
std::array<std::int64_t, 256> histogram(const Pixels& picture, int channel) {
  std::array<std::int64_t, 256> counts{};
  const std::uint8_t* const values = picture.row(0);
  for (std::ptrdiff_t i = channel; i < byte_count(picture); i += picture.pixel_size()) {
    ++counts[values[i]];
  }
  return counts;
}

float grey(const std::uint8_t* pixel) {
  const float sum = 0.2989F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2];
  return static_cast<float>(static_cast<int>(sum));
}

double mean_grey(const Pixels& picture) {
  double sum = 0;
  const std::uint8_t* pixel = picture.row(0);
  const std::ptrdiff_t count = std::ptrdiff_t{picture.height} * picture.width;
  for (std::ptrdiff_t i = 0; i < count; ++i, pixel += picture.pixel_size()) {
    sum += static_cast<double>(picture.channels == 1 ? static_cast<float>(*pixel) : grey(pixel));
  }
  return sum / static_cast<double>(count);
}

/// Red, green and blue in 0 … 1 with the hue turned.
void turn_hue(std::array<float, 3>& colour, float turn) {
  const auto [red, green, blue] = colour;
  const auto [low, high] = std::minmax({red, green, blue});
  const float range = high - low;
  if (range == 0) return;
  const float from_red = (high - red) / range, from_green = (high - green) / range;
  const float from_blue = (high - blue) / range;
  const float sixths = high == red     ? from_blue - from_green
                       : high == green ? 2 + from_red - from_blue
                                       : 4 + from_green - from_red;
  float hue = std::fmod(sixths / 6 + 1, 1.0F) + turn;
  hue -= std::floor(hue);
  const float saturation = range / high, place = hue * 6, sector = std::floor(place);
  const float part = place - sector;
  const float p = high * (1 - saturation), q = high * (1 - saturation * part);
  const float t = high * (1 - saturation * (1 - part));
  const std::array<std::array<float, 3>, 6> sectors{
      {{high, t, p}, {q, high, p}, {p, high, t}, {p, q, high}, {t, p, high}, {high, p, q}}};
  colour = sectors[static_cast<std::size_t>(sector) % sectors.size()];
}

}  // namespace

void adjust_brightness(Pixels& picture, float factor) {
  map_values(table_of([&](int value) { return held(factor * static_cast<float>(value)); }),
             picture);
}

void adjust_contrast(Pixels& picture, float factor) {
  const float rest = (1 - factor) * static_cast<float>(mean_grey(picture));
  map_values(table_of([&](int value) { return held(factor * static_cast<float>(value) + rest); }),
             picture);
}

void adjust_saturation(Pixels& picture, float factor) {
  if (picture.channels == 1) return;
  std::uint8_t* const end = picture.row(picture.height);
  for (std::uint8_t* pixel = picture.row(0); pixel != end; pixel += 4) {
    const float rest = (1 - factor) * grey(pixel);
    for (int i = 0; i < 3; ++i) pixel[i] = held(factor * static_cast<float>(pixel[i]) + rest);
  }
}

void adjust_hue(Pixels& picture, float turn) {
  if (picture.channels == 1) return;
  std::uint8_t* const end = picture.row(picture.height);
  for (std::uint8_t* pixel = picture.row(0); pixel != end; pixel += 4) {
    std::array<float, 3> colour{};
    for (std::size_t i = 0; i < 3; ++i) colour[i] = static_cast<float>(pixel[i]) / 255;
    turn_hue(colour, turn);
    // So that 1 becomes 255 and nothing but 1 does: as torchvision brings numbers to bytes.
    for (std::size_t i = 0; i < 3; ++i) pixel[i] = held(colour[i] * (256 - 1e-3F));
  }
}

void adjust_sharpness(Pixels& picture, float factor) {
  if (picture.height <= 2 || picture.width <= 2) return;
  Pixels from = Pixels::of_size(picture.height, picture.width, picture.channels);
  std::copy_n(picture.row(0), byte_count(picture), from.row(0));
  const std::ptrdiff_t stride = from.stride(), step = from.pixel_size();
  for (int y = 1; y + 1 < from.height; ++y) {
    const std::uint8_t* const row = from.row(y);
    std::uint8_t* const out = picture.row(y);
    for (std::ptrdiff_t i = step; i < stride - step; ++i) {
      int sum = 4 * row[i];
      for (const std::ptrdiff_t line : {-stride, std::ptrdiff_t{0}, stride}) {
        sum += row[i + line - step] + row[i + line] + row[i + line + step];
      }
      const auto value = static_cast<float>(row[i]);
      const float blurred = std::nearbyint(static_cast<float>(sum) / 13);
      out[i] = held(value + (1 - factor) * (blurred - value));
    }
  }
}

void posterize(Pixels& picture, int bits) {
  const int mask = (0xff << (8 - bits)) & 0xff;
  map_values(table_of([&](int value) { return static_cast<std::uint8_t>(value & mask); }), picture);
}

void solarize(Pixels& picture, float threshold) {
  map_values(table_of([&](int value) {
               const bool is_light = static_cast<float>(value) >= threshold;
               return static_cast<std::uint8_t>(is_light ? 255 - value : value);
             }),
             picture);
}

void autocontrast(Pixels& picture) {
  for (int channel = 0; channel < picture.channels; ++channel) {
    const auto counts = histogram(picture, channel);
    int low = 0, high = 255;
    while (counts[static_cast<std::size_t>(low)] == 0) ++low;
    while (counts[static_cast<std::size_t>(high)] == 0) --high;
    if (low == high) continue;
    const float scale = static_cast<float>(high - low) * (1.0F / 255);
    map_values(table_of([&](int value) { return held(static_cast<float>(value - low) / scale); }),
               picture, channel);
  }
}

void equalize(Pixels& picture) {
  for (int channel = 0; channel < picture.channels; ++channel) {
    const auto counts = histogram(picture, channel);
    std::size_t last = 255;
    while (counts[last] == 0) --last;
    const std::int64_t count = std::int64_t{picture.height} * picture.width;
    const std::int64_t step = (count - counts[last]) / 255;
    if (step == 0) continue;
    std::int64_t below = step / 2;
    map_values(table_of([&](int value) {
                 const auto level = std::min<std::int64_t>(below / step, 255);
                 below += counts[static_cast<std::size_t>(value)];
                 return static_cast<std::uint8_t>(level);
               }),
               picture, channel);
  }
}

bool changes_colours(const ImageOptions& options) {
  return options.brightness > 0 || options.contrast > 0 || options.saturation > 0 ||
         options.hue > 0;
}

void colour_jitter(Pixels& picture, const ImageOptions& options, RandomSequence& random) {
  if (!changes_colours(options)) return;
  std::array<int, 4> order{0, 1, 2, 3};
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  const auto factor = [&](float most) {
    const float low = std::max(1 - most, 0.0F);
    return low + random.unit() * (1 + most - low);
  };
  const float brightness = factor(options.brightness), contrast = factor(options.contrast);
  const float saturation = factor(options.saturation), turn = random.within(options.hue);
  for (const int change : order) {
    if (change == 0 && options.brightness > 0) adjust_brightness(picture, brightness);
    if (change == 1 && options.contrast > 0) adjust_contrast(picture, contrast);
    if (change == 2 && options.saturation > 0) adjust_saturation(picture, saturation);
    if (change == 3 && options.hue > 0) adjust_hue(picture, turn);
  }
}

}  // namespace weft::host
