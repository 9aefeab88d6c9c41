// SPDX-License-Identifier: Apache-2.0
#include "host/data/audio/augment_audio.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

namespace weft::host {
namespace {

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

std::int64_t write_recording(const Feature& feature, const RecordingOptions& options,
                             RandomSequence* random, float* out) {
  const std::int64_t frames = feature.frames, rows = feature.values.sizes[0];
  const std::int64_t mels = options.spectrum.mels;
  const std::int64_t over = std::max<std::int64_t>(rows - options.frames, 0);
  std::int64_t begin = 0;  // the first frame that is taken; none of an exact or a short fit
  if (options.cut == Cut::middle) begin = (over + 1) / 2;
  if (options.cut == Cut::random && random != nullptr && over > 0) {
    begin = static_cast<std::int64_t>(random->below(static_cast<std::uint64_t>(over) + 1));
  }
  const float* const taken = feature.values.data<float>() + begin * mels;
  if (random != nullptr) {
    return augment_recording(taken, rows - begin, std::min(frames, rows) - begin, out, options,
                             *random);
  }
  const std::int64_t copied = std::min<std::int64_t>(rows - begin, options.frames);
  float* const end = std::copy_n(taken, copied * mels, out);
  std::fill(end, out + options.frames * mels, 0.0F);
  return std::min<std::int64_t>(frames, options.frames);
}

}  // namespace weft::host
