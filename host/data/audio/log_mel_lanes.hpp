// SPDX-License-Identifier: Apache-2.0
/// Log-mel spectra of several frames at once, one frame in each lane of the processor's vectors.
/// Every lane does the same operations in the same order, none of them fused, so the values do not
/// depend on how wide the vectors are: they have the same bits on every x86-64 processor.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace weft::host {

/// What all frames of one form share.
struct LanePlan {
  /// One pass of the transform: `length / radix` groups of butterflies, each over `stride` values.
  struct Pass {
    std::size_t radix = 0, length = 0, stride = 0;
    std::vector<double> turns;  ///< e^(-2πipk/length) as pairs, [length / radix, radix - 1]
    std::vector<double> roots;  ///< e^(-2πik/radix) as pairs, [radix]; for radices above 5
  };
  /// The weights [begin, end) belong to the bins from `first` on.
  struct Band {
    std::size_t first = 0, begin = 0, end = 0;
  };

  std::size_t fft = 0;         ///< samples per frame, a multiple of 4
  std::vector<double> window;  ///< [fft]
  std::vector<Pass> passes;    ///< of a complex transform over fft / 2 values
  std::vector<double> turns;   ///< e^(-2πik/fft) as pairs, [fft / 4 + 1]
  std::vector<Band> bands;
  std::vector<double> weights;
  std::vector<float> narrow_weights;         ///< the same, for log_mel_of_values()
  double offset = 0, floor = 0, factor = 1;  ///< factor · ln(max(offset + power, floor))
};

/// The passes and turns of a plan whose `fft` is set. Source: the Stockham transform with radices
/// 4, 2, 3, 5 and any further primes, see Van Loan, "Computational frameworks for the fast Fourier
/// transform", 1992; a real transform by a complex one of half the size.
void plan_transform(LanePlan& plan);

/// How many frames are computed at once, at most k_most_lanes.
std::size_t lane_count();
inline constexpr std::size_t k_most_lanes = 8;

/// Any number of frames, in double precision.
/// @param samples  where each frame's `fft` samples begin
/// @param out      [frames, bands]
void log_mel_frames(const LanePlan& plan, std::span<const float* const> samples, float* out);

/// out[n] = window[n] · samples[n]; all of one size
void window_frame(std::span<const float> window, const float* samples, float* out);

/// At most lane_count() frames from their transforms, in the order and precision of a plain loop:
/// powers and products in float, sums in double and the logarithm of the C library, bit for bit.
/// @param values  lane_count() pointers, each to fft / 2 + 1 complex values
/// @param out     [frames, bands]
void log_mel_of_values(const LanePlan& plan, const float* const* values, std::size_t frames,
                       float* out);

}  // namespace weft::host
