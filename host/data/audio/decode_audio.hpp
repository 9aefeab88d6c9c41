// SPDX-License-Identifier: Apache-2.0
/// Recordings out of memory, by FFmpeg's libraries. Bytes come from strangers: only
/// the formats and codecs below are tried, on one thread, with limits, and whatever FFmpeg would
/// repair or cut short is an error here.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "host/data/audio/audio_options.hpp"
#include "host/data/codec/media.hpp"

namespace weft::host {

struct Audio {
  int rate = 0;                ///< samples per second
  std::vector<float> samples;  ///< of one channel, full scale = 1
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
