// SPDX-License-Identifier: Apache-2.0
/// FLAC without FFmpeg's demuxer, which looks for the borders of frames before the decoder finds
/// them anew: a fifth of the time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

struct AVFrame;

namespace weft::host {

/// Decodes a FLAC file and calls `take` with each frame, in order, and with the number of samples
/// per channel that the head announces, 0 where it does not.
/// Bytes behind the announced length, such as an ID3v1 tag, are passed over.
/// @return  whether the bytes are one whole stream, frame after frame. If not,
///          frames may have been taken already; decode_frames() says what is wrong, or bears it.
/// @throws whatever `take` throws
bool decode_plain_flac(std::span<const std::byte> bytes,
                       const std::function<void(const AVFrame&, std::int64_t)>& take);

}  // namespace weft::host
