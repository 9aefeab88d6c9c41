// SPDX-License-Identifier: Apache-2.0
/// Log-mel spectrum: the natural logarithm of the power in triangular bands on the mel scale.
///
///   X[t, k] = Σ_n w[n] x[t·hop + n - fft/2] e^(-2πikn/fft)      x reflected at both ends
///   Y[t, m] = ln(Σ_k B[m, k] |X[t, k]|² + 1e-6)
///
/// `w` is the periodic Hann window over `window` samples in the middle of `fft`; `B` are triangles
/// of height 1 whose corners lie evenly on the HTK mel scale 2595 log10(1 + f/700).
///
/// Source: torchaudio.transforms.MelSpectrogram(norm=None, mel_scale="htk", power=2, center=True).

#pragma once

#include <cstddef>
#include <span>

#include "host/base/array.hpp"
#include "host/data/options.hpp"

namespace weft::host {

/// Added to the power before the logarithm, so that silence stays finite.
inline constexpr double k_power_floor = 1e-6;

/// Shapes: samples [n] at `options.rate` -> float32 [1 + n / hop, mels]. A recording too short to
/// be reflected (n <= fft / 2) is first filled up with zeros to fft / 2 + 1 samples.
Array log_mel(std::span<const float> samples, const LogMelOptions& options);

}  // namespace weft::host
