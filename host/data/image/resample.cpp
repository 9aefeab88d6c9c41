// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/resample.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace weft::host {
namespace {

double weight(Filter filter, double x) {
  x = std::abs(x);
  if (filter == Filter::triangle) return x < 1 ? 1 - x : 0;
  constexpr double k_a = -0.5;
  if (x < 1) return ((k_a + 2) * x - (k_a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * k_a : 0;
}

/// Whole numbers whose sum is 2^shift.
void quantise(const std::vector<double>& exact, int shift, std::int16_t* weights) {
  int left = 1 << shift;
  for (std::size_t j = 0; j < exact.size(); ++j) {
    weights[j] = static_cast<std::int16_t>(std::lround(std::ldexp(exact[j], shift)));
    left -= weights[j];
  }
  const auto largest = std::max_element(weights, weights + exact.size());
  *largest = static_cast<std::int16_t>(*largest + left);
}

Taps taps_of(Filter filter, int from, int to, int first, int count) {
  const double ratio = static_cast<double>(from) / to, widened = std::max(ratio, 1.0);
  const double reach = (filter == Filter::triangle ? 1 : 2) * widened;
  std::vector<std::vector<double>> all(static_cast<std::size_t>(count));
  Taps made;
  double largest = 0;
  for (int i = 0; i < count; ++i) {
    const double middle = (first + i + 0.5) * ratio;
    const int start = static_cast<int>(std::max(std::floor(middle - reach + 0.5), 0.0));
    const int end = std::min(static_cast<int>(std::floor(middle + reach + 0.5)), from);
    auto& weights = all[static_cast<std::size_t>(i)];
    double sum = 0;
    for (int j = start; j < end; ++j) {
      weights.push_back(weight(filter, (j + 0.5 - middle) / widened));
      sum += weights.back();
    }
    for (double& value : weights) largest = std::max(largest, value /= sum);
    made.starts.push_back(start);
    made.taps = std::max(made.taps, end - start);
  }
  made.taps = (made.taps + 3) / 4 * 4;
  // As precise as fits: below 2^15 with room for what quantise() adds, and no sum above 2^31.
  while (made.shift < 21 && std::ldexp(largest, made.shift + 1) < 32'000) ++made.shift;
  const auto taps = static_cast<std::size_t>(made.taps);
  made.weights.resize(all.size() * taps);
  for (std::size_t i = 0; i < all.size(); ++i) {
    // All take equally many pixels; at the end, from further in front, so that they are there.
    const int start = std::max(std::min(made.starts[i], from - made.taps), 0);
    const auto skipped = static_cast<std::size_t>(made.starts[i] - start);
    quantise(all[i], made.shift, made.weights.data() + i * taps + skipped);
    made.starts[i] = start;
  }
  return made;
}

void grey_row(const std::uint8_t* from, std::uint8_t* to, const Taps& taps) {
  const std::int16_t* weights = taps.weights.data();
  for (std::size_t i = 0; i < taps.starts.size(); ++i, weights += taps.taps) {
    const std::uint8_t* const pixels = from + taps.starts[i];
    int sum = 0;
    for (int j = 0; j < taps.taps; ++j) sum += weights[j] * pixels[j];
    to[i] = of_sum(sum, taps.shift);
  }
}

}  // namespace

Resampler::Resampler(const Box& source, Filter filter, int height, int width, const Box& window,
                     int channels)
    : source_(source),
      across_(taps_of(filter, source.width, width, window.left, window.width)),
      down_(taps_of(filter, source.height, height, window.top, window.height)),
      base_(down_.starts.front()),
      rows_(Pixels::of_size(std::min(2 * down_.taps + 8, source.height), window.width, channels)),
      made_(Pixels::of_size(window.height, window.width, channels)) {}

void Resampler::take_row(int y, const std::uint8_t* row) {
  y -= source_.top;
  if (y < base_ || y >= source_.height || next_ == made_.height) return;
  if (y - base_ == rows_.height) {  // full: what is no longer needed makes room
    const int first = std::min(down_.starts[static_cast<std::size_t>(next_)], y);
    std::copy(rows_.row(first - base_), rows_.row(rows_.height), rows_.row(0));
    base_ = first;
  }
  const auto resample_row = rows_.channels == 1 ? grey_row : fastest_loops().colour_row;
  resample_row(row + source_.left * rows_.pixel_size(), rows_.row(y - base_), across_);
  for (; next_ < made_.height; ++next_) {
    const auto index = static_cast<std::size_t>(next_);
    const int start = down_.starts[index], used = used_taps(down_, index);
    if (start + used > y + 1) return;
    // What is written behind a row is written again by the next one, or lies in the slack.
    fastest_loops().column_row(rows_.row(start - base_), rows_.stride(), made_.stride(),
                               made_.row(next_), down_, index);
  }
}

Pixels resample(const Pixels& picture, const Box& source, Filter filter, int height, int width,
                const Box& window) {
  Resampler resampler(source, filter, height, width, window, picture.channels);
  for (int y = source.top; y < source.top + source.height; ++y) {
    resampler.take_row(y, picture.row(y));
  }
  return resampler.take();
}

}  // namespace weft::host
