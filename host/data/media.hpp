// SPDX-License-Identifier: Apache-2.0
/// What decode_image.cpp and decode_audio.cpp share: FFmpeg's demuxer and decoder over memory.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

struct AVFrame;

namespace weft::host {

enum class Medium { picture, recording };

/// Silences FFmpeg and limits what it may allocate at once. To be called before it is used.
void set_up_ffmpeg();

/// Decodes the first stream and calls `take` with each frame, in order; of pictures with the first.
/// @return  samples per channel that the file announces (recordings), or 0 where it does not say
/// @throws Error (bad_data) with FFmpeg's reason; whatever `take` throws
std::int64_t decode_frames(std::span<const std::byte> bytes, Medium medium,
                           const std::string& place,
                           const std::function<void(const AVFrame&)>& take);

/// @throws Error (bad_data): `PLACE cannot be decoded: REASON. Replace the file …`
[[noreturn]] void cannot_decode(const std::string& place, const std::string& reason);

}  // namespace weft::host
