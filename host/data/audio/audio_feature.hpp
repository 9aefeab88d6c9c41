// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "host/data/audio/audio_options.hpp"
#include "host/data/batch/feature.hpp"
#include "host/data/storage/data_file.hpp"

namespace weft::host {

/// The recording's log-mel spectrum, normalised: float32 [its frames, mels]. The recording is the
/// asked channel, without silence at its ends where options.trim_db is above 0. In the form of
/// Whisper the recording is first cut, or filled up with silence, to options.frames · hop samples,
/// which give [options.frames, mels]; its own frames are those whose middle lies before its end.
/// Normalised is (x - mean) / std, or with options.per_mel, for each band m by its mean μ_m and
/// deviation σ_m over the recording's first options.frames frames (the sum of squares divided by
/// their number), (x[t, m] - μ_m) / (σ_m + 1e-5).
/// @throws Error (bad_data), with `place` at its head
Feature recording_feature(const Bytes& bytes, const RecordingOptions& options,
                          const std::string& place);

}  // namespace weft::host
