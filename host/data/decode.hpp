// SPDX-License-Identifier: Apache-2.0
/// Pictures and recordings out of memory, by FFmpeg's libraries. Bytes come from strangers: only
/// the formats and codecs below are tried, on one thread, with limits, and whatever FFmpeg would
/// repair or cut short is an error here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weft::host {

/// Larger pictures (height x width) are refused.
inline constexpr std::int64_t k_most_pixels = 64'000'000;
/// Longer recordings are refused.
inline constexpr std::int64_t k_most_seconds = 600;

/// What decode_image() is to give.
struct ImageForm {
  int channels = 1;           ///< 1 (grey) or 3 (red, green, blue)
  int height = 0, width = 0;  ///< 0: as the picture has them; otherwise it is stretched to them
};

struct Image {
  int height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;  ///< [height, width, channels]
};

struct Audio {
  int rate = 0;                ///< samples per second
  std::vector<float> samples;  ///< the mean of all channels, full scale = 1
};

/// PNG or JPEG. Transparency is dropped.
/// @param place  how a message begins: `digits-000.tar, sample 3-jackson-12: picture.png`
/// @throws Error (bad_data) when the bytes are not a whole picture or it is too large
Image decode_image(std::span<const std::byte> bytes, const ImageForm& form,
                   const std::string& place);

/// WAV (PCM, A-law, µ-law) or FLAC, brought to one channel and to `rate` samples per second.
/// @throws Error (bad_data) when the bytes are not a whole recording, or it is empty or too long
Audio decode_audio(std::span<const std::byte> bytes, int rate, const std::string& place);

}  // namespace weft::host
