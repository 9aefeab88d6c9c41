// SPDX-License-Identifier: Apache-2.0
#include "host/data/augment.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace weft::host {
namespace {

/// Where a pixel of the result lies in the source: x' = xx·x + xy·y + x0, likewise y'.
struct Affine {
  float xx, xy, x0, yx, yy, y0;
};

/// The inverse of: scale and rotate about the middle, then shift.
Affine random_affine(const ImageOptions& options, RandomSequence& random) {
  const float angle = random.within(options.rotate) * std::numbers::pi_v<float> / 180;
  const float scale = 1 + random.within(options.scale);
  const float shift_x = random.within(options.shift), shift_y = random.within(options.shift);
  const float middle_x = static_cast<float>(options.width - 1) / 2;
  const float middle_y = static_cast<float>(options.height - 1) / 2;
  const float along = std::cos(angle) / scale, across = std::sin(angle) / scale;
  const float back_x = -middle_x - shift_x, back_y = -middle_y - shift_y;
  return {along,   across, along * back_x + across * back_y + middle_x,
          -across, along,  -across * back_x + along * back_y + middle_y};
}

/// The largest whole number that is not above x. std::floor() is a call on plain x86-64.
int below(float x) {
  const int whole = static_cast<int>(x);
  return whole - (static_cast<float>(whole) > x ? 1 : 0);
}

float between(float a, float b, float part) {
  return a + part * (b - a);
}

/// One channel; `black` is the normalised value of pixel 0.
void transform(const float* from, float* to, int height, int width, float black,
               const Affine& affine) {
  const auto pixel = [&](int y, int x) {
    const bool is_inside = x >= 0 && x < width && y >= 0 && y < height;
    return is_inside ? from[static_cast<std::ptrdiff_t>(y) * width + x] : black;
  };
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      const auto fx = static_cast<float>(column), fy = static_cast<float>(row);
      const float x = affine.xx * fx + affine.xy * fy + affine.x0;
      const float y = affine.yx * fx + affine.yy * fy + affine.y0;
      const int left = below(x), top = below(y);
      const float right_part = x - static_cast<float>(left);
      const float low_part = y - static_cast<float>(top);
      const float high = between(pixel(top, left), pixel(top, left + 1), right_part);
      const float low = between(pixel(top + 1, left), pixel(top + 1, left + 1), right_part);
      *to++ = between(high, low, low_part);
    }
  }
}

/// A fixed table of normal numbers (mean 0, standard deviation 1, by Box and Muller): drawing each
/// value anew would cost more than all the rest of a batch.
const std::vector<float>& normal_numbers() {
  static const std::vector<float> numbers = [] {
    std::vector<float> drawn(std::size_t{1} << 16);
    RandomSequence random({0x6e6f726d616c});
    for (std::size_t i = 0; i < drawn.size(); i += 2) {
      const double radius = std::sqrt(-2 * std::log(1 - static_cast<double>(random.unit())));
      const double angle = 2 * std::numbers::pi * static_cast<double>(random.unit());
      drawn[i] = static_cast<float>(radius * std::cos(angle));
      drawn[i + 1] = static_cast<float>(radius * std::sin(angle));
    }
    return drawn;
  }();
  return numbers;
}

/// Adds normal noise to `count` values, from random places of the table.
void add_noise(float* values, std::int64_t count, float deviation, RandomSequence& random) {
  constexpr std::int64_t k_run = 1024;
  const std::vector<float>& numbers = normal_numbers();
  for (std::int64_t done = 0; done < count; done += k_run) {
    const std::int64_t run = std::min(k_run, count - done);
    const float* const noise = numbers.data() + random.below(numbers.size() - k_run);
    for (std::int64_t i = 0; i < run; ++i) values[done + i] += deviation * noise[i];
  }
}

/// A random band of at most `widest` among `count`: its first place and the one behind its last.
std::pair<std::int64_t, std::int64_t> random_band(std::int64_t widest, std::int64_t count,
                                                  RandomSequence& random) {
  const auto most = static_cast<std::uint64_t>(std::min(widest, count));
  const auto width = static_cast<std::int64_t>(random.below(most + 1));
  const auto places = static_cast<std::uint64_t>(count - width + 1);
  const auto first = static_cast<std::int64_t>(random.below(places));
  return {first, first + width};
}

}  // namespace

void augment_image(const float* from, float* to, const ImageOptions& options,
                   RandomSequence& random) {
  const std::ptrdiff_t area = static_cast<std::ptrdiff_t>(options.height) * options.width;
  if (options.shift == 0 && options.rotate == 0 && options.scale == 0) {
    std::copy_n(from, area * options.channels, to);
    return;
  }
  const Affine affine = random_affine(options, random);
  for (int channel = 0; channel < options.channels; ++channel) {
    const auto index = static_cast<std::size_t>(channel);
    const float black = -options.mean[index] / options.std[index];
    transform(from + channel * area, to + channel * area, options.height, options.width, black,
              affine);
  }
}

std::int64_t augment_recording(const float* from, std::int64_t rows, std::int64_t frames, float* to,
                               const RecordingOptions& options, RandomSequence& random) {
  const std::int64_t mels = options.spectrum.mels;
  const auto choices = static_cast<std::uint64_t>(2 * options.shift + 1);
  const std::int64_t shift = static_cast<std::int64_t>(random.below(choices)) - options.shift;
  const std::int64_t skipped = std::min(std::max<std::int64_t>(-shift, 0), frames / 2);
  const std::int64_t silent =
      std::min<std::int64_t>(std::max<std::int64_t>(shift, 0), options.frames - 1);
  const std::int64_t real = std::min<std::int64_t>(silent + frames - skipped, options.frames);
  float* const sound = std::fill_n(to, silent * mels, 0.0F);
  const std::int64_t copied = std::min<std::int64_t>(rows - skipped, options.frames - silent);
  float* const end = std::copy_n(from + skipped * mels, copied * mels, sound);
  std::fill(end, to + options.frames * mels, 0.0F);

  const auto widest = static_cast<std::int64_t>(static_cast<double>(options.time_mask_part) *
                                                static_cast<double>(real));
  for (int mask = 0; mask < options.time_masks; ++mask) {
    const auto [first, last] =
        random_band(std::min<std::int64_t>(options.time_mask, widest), real, random);
    std::fill(to + first * mels, to + last * mels, 0.0F);
  }
  for (int mask = 0; mask < options.mel_masks; ++mask) {
    const auto [first, last] = random_band(options.mel_mask, mels, random);
    for (std::int64_t t = 0; t < real; ++t) {
      std::fill(to + t * mels + first, to + t * mels + last, 0.0F);
    }
  }
  if (options.noise > 0) add_noise(to, real * mels, options.noise, random);
  return real;
}

}  // namespace weft::host
