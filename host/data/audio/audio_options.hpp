// SPDX-License-Identifier: Apache-2.0
/// What a log_mel field says of its recordings.

#pragma once

#include <cstdint>

#include "host/data/section/section.hpp"

namespace weft::host {

/// Which definition of the spectrum; the formulas stand in log_mel.hpp.
enum class LogMelForm { torchaudio, whisper };

/// The spectrum of a recording.
struct LogMelOptions {
  int rate = 0;    ///< samples per second; recordings are resampled to it
  int fft = 0;     ///< samples per transform, a multiple of 4; the fastest have no prime above 5
  int window = 0;  ///< samples under the Hann window, at most `fft`
  int hop = 0;     ///< samples from one frame to the next
  int mels = 0;
  double low_hz = 0, high_hz = 0;
  LogMelForm form = LogMelForm::torchaudio;
  bool is_precise = false;  ///< in double precision, as presets and sizes but powers of two are

  bool operator==(const LogMelOptions&) const = default;
};

/// What becomes of several channels. A recording of one channel is left and right alike.
enum class Channel { mean, left, right };

/// Which part of a longer recording stays.
enum class Cut {
  end,     ///< the first frames; the end is cut off
  middle,  ///< the middle; of an odd number of frames one more is cut off before than behind
  random,  ///< anywhere while training, otherwise as `end`
};

/// A recording -> float32 [frames, mels], (log mel power - mean) / std, and a mask [frames].
struct RecordingOptions {
  LogMelOptions spectrum;
  int frames = 0;
  float mean = 0, std = 1;
  bool per_mel = false;  ///< each band by its own mean and deviation, instead of by mean and std
  Channel channel = Channel::mean;
  float trim_db =
      0;  ///< the silence of trimmed_silence() before and behind is left out; 0: none is
  Cut cut = Cut::end;
  int shift = 0;                      ///< ± frames
  int time_mask = 0, mel_mask = 0;    ///< widest mask in frames and in bands
  int time_masks = 1, mel_masks = 1;  ///< how many of them
  float time_mask_part = 1;           ///< no mask is wider than this part of the recording
  float noise = 0;                    ///< standard deviation, in units after `std`
};

RecordingOptions recording_options(const Section& section);

}  // namespace weft::host
