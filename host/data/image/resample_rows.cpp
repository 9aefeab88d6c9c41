// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/resample_rows.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>

namespace weft::host {
namespace {

void colour_row(const std::uint8_t* from, std::uint8_t* to, const Taps& taps) {
  const std::int16_t* weights = taps.weights.data();
  for (std::size_t i = 0; i < taps.starts.size(); ++i, weights += taps.taps) {
    const std::uint8_t* pixel = from + std::ptrdiff_t{taps.starts[i]} * 4;
    int sums[4] = {};
    for (int j = 0; j < taps.taps; ++j, pixel += 4) {
      for (int channel = 0; channel < 4; ++channel) sums[channel] += weights[j] * pixel[channel];
    }
    for (const int sum : sums) *to++ = of_sum(sum, taps.shift);
  }
}

void column_row(const std::uint8_t* from, std::ptrdiff_t stride, std::ptrdiff_t size,
                std::uint8_t* to, const Taps& taps, std::size_t index) {
  const int used = used_taps(taps, index);
  const std::int16_t* const weights =
      taps.weights.data() + index * static_cast<std::size_t>(taps.taps);
  for (std::ptrdiff_t i = 0; i < size; ++i) {
    int sum = 0;
    for (int j = 0; j < used; ++j) sum += weights[j] * from[j * stride + i];
    to[i] = of_sum(sum, taps.shift);
  }
}

#if defined(__x86_64__)

[[gnu::target("avx2")]] void colour_row_avx2(const std::uint8_t* from, std::uint8_t* to,
                                             const Taps& taps) {
  // Of four pixels the first two side by side, channel by channel, and the last two.
  const __m128i order = _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
  const __m256i spread = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const __m128i half = _mm_set1_epi32(1 << taps.shift >> 1);
  const __m128i shift = _mm_cvtsi32_si128(taps.shift);
  const std::int16_t* weights = taps.weights.data();
  for (std::size_t i = 0; i < taps.starts.size(); ++i) {
    const std::uint8_t* pixels = from + std::ptrdiff_t{taps.starts[i]} * 4;
    __m256i sums = _mm256_setzero_si256();
    for (int j = 0; j < taps.taps; j += 4, pixels += 16, weights += 4) {
      const __m128i four = _mm_loadu_si128(reinterpret_cast<const __m128i*>(pixels));
      const __m256i words = _mm256_cvtepu8_epi16(_mm_shuffle_epi8(four, order));
      const __m128i factors = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(weights));
      const __m256i pairs = _mm256_permutevar8x32_epi32(_mm256_castsi128_si256(factors), spread);
      sums = _mm256_add_epi32(sums, _mm256_madd_epi16(words, pairs));
    }
    const __m128i sum =
        _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    const __m128i whole = _mm_sra_epi32(_mm_add_epi32(sum, half), shift);
    const __m128i narrow = _mm_packs_epi32(whole, whole);
    const int pixel = _mm_cvtsi128_si32(_mm_packus_epi16(narrow, narrow));
    std::memcpy(to + i * 4, &pixel, sizeof pixel);
  }
}

[[gnu::target("avx2")]] void column_row_avx2(const std::uint8_t* from, std::ptrdiff_t stride,
                                             std::ptrdiff_t size, std::uint8_t* to,
                                             const Taps& taps, std::size_t index) {
  const int used = used_taps(taps, index);
  const std::int16_t* const weights =
      taps.weights.data() + index * static_cast<std::size_t>(taps.taps);
  const __m256i zero = _mm256_setzero_si256(), half = _mm256_set1_epi32(1 << taps.shift >> 1);
  const __m128i shift = _mm_cvtsi32_si128(taps.shift);
  for (std::ptrdiff_t x = 0; x < size; x += 32) {
    const std::uint8_t* row = from + x;
    __m256i sums[4] = {half, half, half, half};
    for (int j = 0; j < used; j += 2, row += 2 * stride) {
      int two = 0;
      std::memcpy(&two, weights + j, sizeof two);
      const __m256i pair = _mm256_set1_epi32(two);
      const __m256i upper = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row));
      // Where their number is odd, the last one stands for the missing one, whose weight is 0.
      const std::uint8_t* const next = j + 1 < used ? row + stride : row;
      const __m256i lower = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(next));
      const __m256i low = _mm256_unpacklo_epi8(upper, lower);
      const __m256i high = _mm256_unpackhi_epi8(upper, lower);
      const __m256i words[4] = {_mm256_unpacklo_epi8(low, zero), _mm256_unpackhi_epi8(low, zero),
                                _mm256_unpacklo_epi8(high, zero), _mm256_unpackhi_epi8(high, zero)};
      for (int k = 0; k < 4; ++k) {
        sums[k] = _mm256_add_epi32(sums[k], _mm256_madd_epi16(words[k], pair));
      }
    }
    for (__m256i& sum : sums) sum = _mm256_sra_epi32(sum, shift);
    const __m256i first = _mm256_packs_epi32(sums[0], sums[1]);
    const __m256i last = _mm256_packs_epi32(sums[2], sums[3]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + x), _mm256_packus_epi16(first, last));
  }
}

#endif

}  // namespace

std::uint8_t of_sum(int sum, int shift) {
  return static_cast<std::uint8_t>(std::clamp((sum + (1 << shift >> 1)) >> shift, 0, 255));
}

int used_taps(const Taps& taps, std::size_t index) {
  const std::int16_t* const weights =
      taps.weights.data() + index * static_cast<std::size_t>(taps.taps);
  int used = taps.taps;
  while (used > 1 && weights[used - 1] == 0) --used;
  return used;
}

const RowLoops& portable_loops() {
  static constexpr RowLoops k_loops = {colour_row, column_row};
  return k_loops;
}

const RowLoops& fastest_loops() {
#if defined(__x86_64__)
  static constexpr RowLoops k_loops = {colour_row_avx2, column_row_avx2};
  if (__builtin_cpu_supports("avx2")) return k_loops;
#endif
  return portable_loops();
}

}  // namespace weft::host
