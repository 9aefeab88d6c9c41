// SPDX-License-Identifier: Apache-2.0
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <algorithm>
#include <string_view>

#include "host/data/codec/media.hpp"

namespace weft::host {
namespace {

std::string_view text_of_head(std::span<const std::byte> bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()), std::min(size, bytes.size())};
}

/// Whether the decoder takes off the padding that the encoder added: then there are fewer samples
/// than the file announces, and its packets are counted instead.
bool is_lossy(const AVCodecContext& codec) {
  return codec.codec_id == AV_CODEC_ID_MP3 || codec.codec_id == AV_CODEC_ID_VORBIS ||
         codec.codec_id == AV_CODEC_ID_OPUS || codec.codec_id == AV_CODEC_ID_AAC;
}

/// How much of an M4A's last frame is sound: its table of times (ISO 14496-12, 8.6.1.2) gives the
/// last packet less than its samples where the encoder filled it up. FFmpeg plays it whole.
int heard_samples(const AVFrame& frame, const AVStream& stream) {
  if (frame.pkt_duration <= 0) return frame.nb_samples;
  const std::int64_t heard =
      av_rescale_q(frame.pkt_duration, stream.time_base, {1, frame.sample_rate});
  return static_cast<int>(std::min<std::int64_t>(heard, frame.nb_samples));
}

/// What Matroska says that the encoder put before the sound (CodecDelay, RFC 9559), in seconds.
/// FFmpeg's decoders leave it out of Opus and Vorbis, which say so themselves.
double skipped_seconds(const AVCodecContext& codec, const AVStream& stream,
                       std::span<const std::byte> bytes) {
  const bool is_matroska = text_of_head(bytes, 4) == "\x1a\x45\xdf\xa3";
  const bool keeps_it = codec.codec_id == AV_CODEC_ID_AAC || codec.codec_id == AV_CODEC_ID_MP3;
  if (!is_matroska || !keeps_it || codec.sample_rate <= 0) return 0;
  return static_cast<double>(stream.codecpar->initial_padding) / codec.sample_rate;
}

}  // namespace

Announced decode_frames(std::span<const std::byte> bytes, Medium medium, const std::string& place,
                        const std::function<void(const AVFrame&)>& take, const Deadline& deadline) {
  MediaFile file(bytes, medium, deadline, place);
  const AVStream& stream = file.stream();
  const AVCodecContext& codec = file.codec();
  Announced announced;
  const bool has_list = text_of_head(bytes, 8).ends_with("ftyp");
  const int listed = has_list ? avformat_index_get_entries_count(&stream) : 0;
  bool is_last = false, is_first = medium == Medium::recording && file.has_video();
  if (medium == Medium::recording && !is_first) {
    announced.begin = -skipped_seconds(codec, stream, bytes);
  }
  const auto take_in_time = [&](const AVFrame& frame) {
    if (is_first && frame.best_effort_timestamp != AV_NOPTS_VALUE) {
      announced.begin = static_cast<double>(frame.best_effort_timestamp) * av_q2d(stream.time_base);
    }
    is_first = false;
    AVFrame heard = frame;  // its samples stay where they are
    if (is_last && is_lossy(codec)) heard.nb_samples = heard_samples(frame, stream);
    if (medium == Medium::picture || heard.nb_samples > 0) take(heard);
  };
  std::int64_t played = 0;  // in the stream's time base
  int packets = 0;
  while (const AVPacket* const packet = file.read()) {
    played += packet->duration;
    is_last = ++packets == listed;
    file.decode(packet, take_in_time);
    // Phones put further pictures behind the first; one after the other could take hours.
    if (medium == Medium::picture && codec.frame_number > 0) return announced;
  }
  file.decode(nullptr, take_in_time);
  if (medium == Medium::picture || stream.duration == AV_NOPTS_VALUE) return announced;
  if (is_lossy(codec)) {
    // M4A lists all its packets; MP3 and Ogg announce how long they play.
    if (has_list ? packets < listed : played < stream.duration) {
      cannot_decode(place, "it is cut off");
    }
    return announced;
  }
  announced.samples = av_rescale_q(stream.duration, stream.time_base, {1, codec.sample_rate});
  return announced;
}

}  // namespace weft::host
