// SPDX-License-Identifier: Apache-2.0
#include "host/data/audio/log_mel_lanes.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>

#include "host/base/array.hpp"

// A fused multiplication and addition would round differently where processors have one.
#if defined(__clang__)
#pragma clang fp contract(off)
#else
#pragma GCC optimize("fp-contract=off")
#endif

#define WEFT_LANE_SET every
#define WEFT_LANE_BYTES 16
#include "host/data/audio/log_mel_kernel.inc"
#undef WEFT_LANE_SET
#undef WEFT_LANE_BYTES

// clang does not know this pragma and has the plain lanes alone.
#if defined(__x86_64__) && !defined(__clang__)
#define WEFT_HAS_WIDE_LANES
#pragma GCC push_options
#pragma GCC target("avx2")
#define WEFT_LANE_SET avx2
#define WEFT_LANE_BYTES 32
#include "host/data/audio/log_mel_kernel.inc"
#undef WEFT_LANE_SET
#undef WEFT_LANE_BYTES
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl")
#define WEFT_LANE_SET avx512
#define WEFT_LANE_BYTES 64
#include "host/data/audio/log_mel_kernel.inc"
#undef WEFT_LANE_SET
#undef WEFT_LANE_BYTES
#pragma GCC pop_options
#endif

namespace weft::host {
namespace {

struct LaneSet {
  std::size_t lanes;
  void (*frames)(const LanePlan&, const float* const*, std::size_t, float*);
  void (*window)(const float*, const float*, std::size_t, float*);
  void (*of_values)(const LanePlan&, const float* const*, std::size_t, float*);
};

const LaneSet& lane_set() {
  static const LaneSet set = [] {
#ifdef WEFT_HAS_WIDE_LANES
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      return LaneSet{avx512::k_lanes, avx512::frames, avx512::window_frame, avx512::of_values};
    }
    if (__builtin_cpu_supports("avx2")) {
      return LaneSet{avx2::k_lanes, avx2::frames, avx2::window_frame, avx2::of_values};
    }
#endif
    return LaneSet{every::k_lanes, every::frames, every::window_frame, every::of_values};
  }();
  return set;
}

void add_turn(std::vector<double>& turns, std::size_t numerator, std::size_t denominator) {
  const double angle = -2 * std::numbers::pi * static_cast<double>(numerator % denominator) /
                       static_cast<double>(denominator);
  turns.insert(turns.end(), {std::cos(angle), std::sin(angle)});
}

/// 4 as long as it divides, then the smallest prime.
std::size_t next_radix(std::size_t length) {
  if (length % 4 == 0) return 4;
  std::size_t radix = 2;
  while (length % radix != 0) ++radix;
  return radix;
}

}  // namespace

void plan_transform(LanePlan& plan) {
  std::size_t stride = 1;
  for (std::size_t length = plan.fft / 2; length > 1;) {
    LanePlan::Pass pass{next_radix(length), length, stride, {}, {}};
    for (std::size_t p = 0; p < length / pass.radix; ++p) {
      for (std::size_t k = 1; k < pass.radix; ++k) add_turn(pass.turns, p * k, length);
    }
    for (std::size_t k = 0; k < pass.radix; ++k) add_turn(pass.roots, k, pass.radix);
    length /= pass.radix;
    stride *= pass.radix;
    plan.passes.push_back(std::move(pass));
  }
  for (std::size_t k = 0; k <= plan.fft / 4; ++k) add_turn(plan.turns, k, plan.fft);
}

std::size_t lane_count() {
  return lane_set().lanes;
}

void log_mel_frames(const LanePlan& plan, std::span<const float* const> samples, float* out) {
  lane_set().frames(plan, samples.data(), samples.size(), out);
}

void window_frame(std::span<const float> window, const float* samples, float* out) {
  lane_set().window(window.data(), samples, window.size(), out);
}

void log_mel_of_values(const LanePlan& plan, const float* const* values, std::size_t frames,
                       float* out) {
  lane_set().of_values(plan, values, frames, out);
}

}  // namespace weft::host
