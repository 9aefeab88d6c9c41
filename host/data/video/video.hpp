// SPDX-License-Identifier: Apache-2.0
/// Moving pictures out of memory, by FFmpeg's libraries, under the rules of decode_image.hpp.
///
/// Time is that of the file: 0 is where its timeline begins, for pictures and sound alike. A
/// picture is seen from its own time stamp up to that of the next one; before the first, the first
/// is seen. The last is seen as long as the file says, or else as long as the one before.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/data/batch/feature.hpp"
#include "host/data/codec/media.hpp"
#include "host/data/image/decode_image.hpp"
#include "host/data/video/video_options.hpp"

namespace weft::host {

/// What decode_video() is to give.
struct VideoForm {
  ImageForm picture;  ///< of each picture; its size must be given
  int frames = 1;     ///< at most so many
  double fps = 0;     ///< pictures per second; 0: `frames` of them, evenly over the whole video
};

struct Video {
  std::vector<Image> pictures;  ///< at most as many as were asked for, at least one
  std::int64_t count = 0;       ///< how many there would be without that limit
};

/// MP4 or MOV (H.264, HEVC, MPEG-4, VP9, AV1; not in fragments), WebM or Matroska (VP8, VP9, AV1,
/// H.264, HEVC, MPEG-4): the pictures that are seen at these times, with the first at `begin` and
/// the last one gone at `end`,
///
///   without fps   begin + (i + 1/2) (end - begin) / frames      i < frames
///   with fps      i / fps                                       i / fps < end, but once at least
///
/// turned as the file says they are to be shown. Only what is needed is decoded, from the key
/// picture before each time whose followers do not look back behind it.
/// @throws Error (bad_data) when the bytes are not a whole video or a limit is passed
Video decode_video(std::span<const std::byte> bytes, const VideoForm& form,
                   const std::string& place, const Deadline& deadline = Deadline());

/// The pictures, normalised: float32 [pictures, channels, height, width], and how many the video
/// has at options.fps, also those that do not fit into its field.
/// @throws Error (bad_data), with `place` at its head
Feature video_feature(std::span<const std::byte> bytes, const VideoOptions& options,
                      const std::string& place);

}  // namespace weft::host
