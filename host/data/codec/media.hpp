// SPDX-License-Identifier: Apache-2.0
/// What decode_image.cpp, decode_audio.cpp and decode_video.cpp share: FFmpeg's demuxer and decoder
/// over memory.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "host/base/error.hpp"

struct AVCodecContext;
struct AVFrame;
struct AVPacket;
struct AVStream;

namespace weft::host {

enum class Medium { picture, recording, video };

/// A file that takes longer to decode is refused: how long a stranger's bytes keep a decoder busy
/// cannot be told from their number. Whole films of the largest size are decoded in less.
inline constexpr std::chrono::seconds k_longest_decoding{300};

/// The moment at which a file has taken too long.
class Deadline {
 public:
  explicit Deadline(std::chrono::seconds limit = k_longest_decoding)
      : limit_(limit), end_(std::chrono::steady_clock::now() + limit) {}

  std::chrono::seconds limit() const { return limit_; }
  bool is_over() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  std::chrono::seconds limit_;
  std::chrono::steady_clock::time_point end_;
};

/// The first stream of one sort in a file. All throw Error (bad_data), with FFmpeg's reason or
/// because the deadline is over.
class MediaFile {
 public:
  /// @param bytes  must outlive this, as must `place`
  MediaFile(std::span<const std::byte> bytes, Medium medium, const Deadline& deadline,
            const std::string& place);
  ~MediaFile();
  MediaFile(const MediaFile&) = delete;
  MediaFile& operator=(const MediaFile&) = delete;

  const AVStream& stream() const;
  const AVCodecContext& codec() const;

  /// How long the whole file says to play, in seconds; 0 where it does not say.
  double seconds() const;

  /// Whether pictures run beside the sound. The picture of a cover does not.
  bool has_video() const;

  /// The stream's next packet, good until the next call; null at the end.
  const AVPacket* read();

  /// Hands a packet to the decoder, null at the end, and calls `take` with the frames that are
  /// ready. A damaged frame is an error.
  void decode(const AVPacket* packet, const std::function<void(const AVFrame&)>& take);

  /// Tells the decoder how many pictures are decoded ahead of their turn. H.264 need not say so,
  /// and a decoder that guesses loses some.
  void expect_delay(int pictures);

  /// Makes the decoder ready for a packet that does not follow the last one.
  void jump();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

/// Silences FFmpeg and limits what it may allocate at once. To be called before it is used.
void set_up_ffmpeg();

/// What a recording says of itself.
struct Announced {
  std::int64_t samples = 0;  ///< per channel; 0 where it does not say
  double begin = 0;          ///< beside pictures: when the first sample is heard, in seconds
};

/// `PLACE cannot be decoded: REASON. Replace the file …`. Exit code bad_data.
class Undecodable : public Error {
 public:
  Undecodable(const std::string& place, const std::string& reason);
  /// The sentence with another remedy.
  Error with_remedy(const std::string& remedy) const;

 private:
  std::string fault_;
};

/// A video has no sound: where sound is optional it is not there.
class LacksSound : public Undecodable {
 public:
  using Undecodable::Undecodable;
};

/// Decodes the first stream and calls `take` with each frame, in order; of pictures with the first.
/// @throws Error (bad_data) with FFmpeg's reason; whatever `take` throws
Announced decode_frames(std::span<const std::byte> bytes, Medium medium, const std::string& place,
                        const std::function<void(const AVFrame&)>& take,
                        const Deadline& deadline = Deadline());

/// @throws Undecodable
[[noreturn]] void cannot_decode(const std::string& place, const std::string& reason);

}  // namespace weft::host
