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

#include "host/base/error.hpp"
#include "host/data/pixels.hpp"

namespace weft::host {

/// Larger pictures (height x width) are refused, as are those without a pixel.
inline constexpr std::int64_t k_most_pixels = 64'000'000;
/// Pictures of more pixels than the first may have at most the second for each byte of the file:
/// blank pages pass, and a small file cannot ask for hundreds of megabytes.
inline constexpr std::int64_t k_free_pixels = 16'000'000, k_most_pixels_per_byte = 200;
/// A JPEG in more scans is refused: each goes over all pixels, and may be a few bytes long.
inline constexpr std::int64_t k_most_scans = 500;
/// Longer recordings are refused.
inline constexpr std::int64_t k_most_seconds = 600;
/// Recordings of other rates are refused, in samples per second: the resampler's filter grows with
/// the ratio of the rates.
inline constexpr int k_lowest_rate = 1'000, k_highest_rate = 768'000;
/// Recordings of more channels are refused. FFmpeg's resampler has room for no more.
inline constexpr int k_most_channels = 64;

/// What decode_image() is to give.
struct ImageForm {
  int channels = 1;           ///< 1 (grey) or 3 (red, green, blue)
  int height = 0, width = 0;  ///< 0: as the picture has them; otherwise it is stretched to them
  Colour background{};        ///< what is seen through a transparent picture
};

struct Image {
  int height = 0, width = 0, channels = 0;
  std::vector<std::uint8_t> pixels;  ///< [height, width, channels]
};

enum class Channel;  // host/data/options.hpp

struct Audio {
  int rate = 0;                ///< samples per second
  std::vector<float> samples;  ///< of one channel, full scale = 1
};

/// PNG, JPEG or WebP; the first picture of the file, turned as its EXIF orientation says. FFmpeg
/// decodes it (a JPEG of four inks: libjpeg-turbo) and brings it to its size, each pixel being the
/// mean of its area.
/// @param place  how a message begins: `digits-000.tar, sample 3-jackson-12: picture.png`
/// @throws Error (bad_data) when the bytes are not a whole picture or it is too large
Image decode_image(std::span<const std::byte> bytes, const ImageForm& form,
                   const std::string& place);

/// A video has no sound: where sound is optional it is not there.
class LacksSound : public Error {
 public:
  using Error::Error;
};

/// WAV (PCM, A-law, µ-law), FLAC, MP3, Ogg (Vorbis, Opus), M4A or MP4 (AAC, MP3, Opus; not in
/// fragments), WebM or Matroska (Opus, Vorbis, AAC, MP3), brought to one channel and to `rate`
/// samples per second. Sound beside pictures counts from the beginning of the file's timeline:
/// silence comes before what begins later, and what lies before it is left out.
/// By default that is the mean of all channels.
/// What encoders put before and behind the sound is left out where the file says so. An MP3 may
/// lack a part of its last frame (at most 72 ms), or more where it does not announce its length.
/// @throws LacksSound (bad_data) when the bytes are a video without sound
/// @throws Error (bad_data) when the bytes are not a whole recording, or it is empty, too long, of
///         another rate or of too many channels
Audio decode_audio(std::span<const std::byte> bytes, int rate, const std::string& place,
                   Channel channel = Channel{});

}  // namespace weft::host
