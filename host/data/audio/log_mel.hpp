// SPDX-License-Identifier: Apache-2.0
/// Log-mel spectrum: the logarithm of the power in triangular bands on the mel scale.
///
///   X[t, k] = Σ_n w[n] x[t·hop + n - fft/2] e^(-2πikn/fft)      x reflected at both ends
///   P[t, m] = Σ_k B[m, k] |X[t, k]|²
///
/// `w` is the periodic Hann window over `window` samples in the middle of `fft`; `B` are triangles
/// whose corners lie evenly on a mel scale from `low_hz` to `high_hz`. What follows has two forms.
///
/// torchaudio: triangles of height 1 on the HTK scale 2595 log10(1 + f/700), and
///
///   Y = ln(P + 1e-6)
///
/// Source: torchaudio.transforms.MelSpectrogram(norm=None, mel_scale="htk", power=2, center=True);
/// the logarithm and its offset are those of torchaudio.transforms.MFCC(log_mels=True).
///
/// whisper: triangles of area 1 (height 2 / width in Hz) on the Slaney scale, which is 3f/200 below
/// 1 kHz and 15 + 27 ln(f/1000) / ln 6.4 above; the last frame is dropped; and with the largest
/// L over all frames and bands
///
///   L = log10(max(P, 1e-10)),   Y = (max(L, max L - 8) + 4) / 4
///
/// Source: WhisperFeatureExtractor of Hugging Face Transformers; Radford et al., "Robust speech
/// recognition via large-scale weak supervision", 2022.

#pragma once

#include <cstddef>
#include <span>

#include "host/base/array.hpp"
#include "host/data/audio/audio_options.hpp"

namespace weft::host {

/// Added to the power before the logarithm in the form of torchaudio, so that silence is finite.
inline constexpr double k_power_floor = 1e-6;

/// Shapes: samples [n] at `options.rate` -> float32 [1 + n / hop, mels], for whisper [n / hop,
/// mels]. A recording too short to be reflected (n <= fft / 2) is first filled up with zeros to fft
/// / 2 + 1 samples.
Array log_mel(std::span<const float> samples, const LogMelOptions& options);

/// The samples without the silence before and behind them, as librosa.effects.trim() finds it with
/// its default frames: the root mean squares of 2048 samples around every 512th, zeros being beside
/// the recording, are more than `decibels` below the largest of them. Squares below 1e-10 count as
/// 1e-10, so that nothing is cut off where all is silent.
/// Source: librosa 0.11, effects.trim(y, top_db=decibels); the tests hold it to that.
std::span<const float> trimmed_silence(std::span<const float> samples, double decibels);

}  // namespace weft::host
