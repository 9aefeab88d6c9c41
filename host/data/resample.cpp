// SPDX-License-Identifier: Apache-2.0
#include "host/data/resample.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cmath>
#include <cstring>
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

/// The pixels that make pixels first … first + count - 1 of one axis.
struct Taps {
  int taps = 0;                       ///< weights for each pixel: even, the last ones may be 0
  int shift = 0;                      ///< weights are in units of 2^-shift
  std::vector<int> starts;            ///< [count]
  std::vector<int> used;              ///< [count] how many weights are not there to fill up
  std::vector<std::int16_t> weights;  ///< [count, taps]
};

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
    made.used.push_back(end - start);
    made.taps = std::max(made.taps, end - start);
  }
  made.taps += made.taps % 2;
  // As precise as fits: below 2^15 with room for what quantise() adds, and no sum above 2^31.
  while (made.shift < 21 && std::ldexp(largest, made.shift + 1) < 32'000) ++made.shift;
  made.weights.resize(all.size() * static_cast<std::size_t>(made.taps));
  for (std::size_t i = 0; i < all.size(); ++i) {
    quantise(all[i], made.shift, made.weights.data() + i * static_cast<std::size_t>(made.taps));
  }
  return made;
}

std::uint8_t rounded(int sum, int shift) {
  return static_cast<std::uint8_t>(std::clamp((sum + (1 << shift >> 1)) >> shift, 0, 255));
}

#if defined(__SSE2__)

/// Two weights, four times.
__m128i weight_pair(const std::int16_t* weights) {
  int pair = 0;
  std::memcpy(&pair, weights, sizeof pair);
  return _mm_set1_epi32(pair);
}

/// Four sums to their bytes, in the lowest 32 bits.
__m128i packed(__m128i sums, __m128i half, __m128i shift) {
  const __m128i whole = _mm_sra_epi32(_mm_add_epi32(sums, half), shift);
  const __m128i words = _mm_packs_epi32(whole, whole);
  return _mm_packus_epi16(words, words);
}

void colour_row(const std::uint8_t* from, std::uint8_t* to, const Taps& taps) {
  const __m128i zero = _mm_setzero_si128(), half = _mm_set1_epi32(1 << taps.shift >> 1);
  const __m128i shift = _mm_cvtsi32_si128(taps.shift);
  const std::int16_t* weights = taps.weights.data();
  for (std::size_t i = 0; i < taps.starts.size(); ++i, weights += taps.taps) {
    const std::uint8_t* pixel = from + std::ptrdiff_t{taps.starts[i]} * 4;
    __m128i sums = zero;
    for (int j = 0; j < taps.used[i]; j += 2, pixel += 8) {
      const __m128i two = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(pixel));
      const __m128i words = _mm_unpacklo_epi8(two, zero);  // r g b x r' g' b' x'
      const __m128i pairs = _mm_unpacklo_epi16(words, _mm_srli_si128(words, 8));
      sums = _mm_add_epi32(sums, _mm_madd_epi16(pairs, weight_pair(weights + j)));
    }
    const int pixels = _mm_cvtsi128_si32(packed(sums, half, shift));
    std::memcpy(to + i * 4, &pixels, sizeof pixels);
  }
}

/// Sixteen bytes of a row out of the same bytes of `used` rows.
void column_block(const std::uint8_t* from, std::ptrdiff_t stride, int used,
                  const std::int16_t* weights, std::uint8_t* to, int bits) {
  const __m128i zero = _mm_setzero_si128(), half = _mm_set1_epi32(1 << bits >> 1);
  __m128i sums[4] = {zero, zero, zero, zero};
  for (int j = 0; j < used; j += 2, from += 2 * stride) {
    const __m128i pair = weight_pair(weights + j);
    const __m128i upper = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    // Where their number is odd, the last one stands for the missing one, whose weight is 0.
    const std::uint8_t* const next = j + 1 < used ? from + stride : from;
    const __m128i lower = _mm_loadu_si128(reinterpret_cast<const __m128i*>(next));
    const __m128i low = _mm_unpacklo_epi8(upper, lower), high = _mm_unpackhi_epi8(upper, lower);
    const __m128i pairs[4] = {_mm_unpacklo_epi8(low, zero), _mm_unpackhi_epi8(low, zero),
                              _mm_unpacklo_epi8(high, zero), _mm_unpackhi_epi8(high, zero)};
    for (int k = 0; k < 4; ++k) {
      sums[k] = _mm_add_epi32(sums[k], _mm_madd_epi16(pairs[k], pair));
    }
  }
  const __m128i shift = _mm_cvtsi32_si128(bits);
  for (__m128i& sum : sums) sum = _mm_sra_epi32(_mm_add_epi32(sum, half), shift);
  _mm_storeu_si128(
      reinterpret_cast<__m128i*>(to),
      _mm_packus_epi16(_mm_packs_epi32(sums[0], sums[1]), _mm_packs_epi32(sums[2], sums[3])));
}

#else

void colour_row(const std::uint8_t* from, std::uint8_t* to, const Taps& taps) {
  const std::int16_t* weights = taps.weights.data();
  for (std::size_t i = 0; i < taps.starts.size(); ++i, weights += taps.taps) {
    const std::uint8_t* const pixels = from + std::ptrdiff_t{taps.starts[i]} * 4;
    for (int channel = 0; channel < 4; ++channel) {
      int sum = 0;
      for (int j = 0; j < taps.used[i]; ++j) sum += weights[j] * pixels[j * 4 + channel];
      *to++ = rounded(sum, taps.shift);
    }
  }
}

/// Sixteen bytes of a row out of the same bytes of `used` rows.
void column_block(const std::uint8_t* from, std::ptrdiff_t stride, int used,
                  const std::int16_t* weights, std::uint8_t* to, int bits) {
  for (int i = 0; i < 16; ++i) {
    int sum = 0;
    for (int j = 0; j < used; ++j) sum += weights[j] * from[j * stride + i];
    to[i] = rounded(sum, bits);
  }
}

#endif

void grey_row(const std::uint8_t* from, std::uint8_t* to, const Taps& taps) {
  const std::int16_t* weights = taps.weights.data();
  for (std::size_t i = 0; i < taps.starts.size(); ++i, weights += taps.taps) {
    const std::uint8_t* const pixels = from + taps.starts[i];
    int sum = 0;
    for (int j = 0; j < taps.used[i]; ++j) sum += weights[j] * pixels[j];
    to[i] = rounded(sum, taps.shift);
  }
}

}  // namespace

Pixels resample(const Pixels& picture, const Box& source, Filter filter, int height, int width,
                const Box& window) {
  const Taps across = taps_of(filter, source.width, width, window.left, window.width);
  const Taps down = taps_of(filter, source.height, height, window.top, window.height);
  const int first = down.starts.front(), end = down.starts.back() + down.used.back();
  const auto resample_row = picture.channels == 1 ? grey_row : colour_row;
  Pixels rows = Pixels::of_size(end - first, window.width, picture.channels);
  for (int y = first; y < end; ++y) {
    resample_row(picture.at(source.top + y, source.left), rows.row(y - first), across);
  }
  Pixels made = Pixels::of_size(window.height, window.width, picture.channels);
  for (int y = 0; y < window.height; ++y) {
    const auto index = static_cast<std::size_t>(y);
    const std::int16_t* const weights =
        down.weights.data() + index * static_cast<std::size_t>(down.taps);
    const std::uint8_t* const from = rows.row(down.starts[index] - first);
    // The last block of a row reaches into the next one, which is written after it, or the slack.
    for (std::ptrdiff_t x = 0; x < made.stride(); x += 16) {
      column_block(from + x, rows.stride(), down.used[index], weights, made.row(y) + x, down.shift);
    }
  }
  return made;
}

}  // namespace weft::host
