// SPDX-License-Identifier: Apache-2.0
#include "host/data/media.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/mem.h>
}

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/data/decode.hpp"

namespace weft::host {
namespace {

/// What FFmpeg may try.
struct Kind {
  const char* formats;
  const char* codecs;
};
constexpr Kind k_picture = {"png_pipe,jpeg_pipe", "png,mjpeg"};
constexpr Kind k_webp = {"webp_pipe", "webp"};
constexpr Kind k_ogg = {"ogg", "vorbis,opus"};
constexpr Kind k_m4a = {"mov", "aac"};
/// A FLAC file may begin with an MP3's tag.
constexpr Kind k_mp3 = {"mp3,flac", "mp3float,flac"};
constexpr Kind k_wav = {
    "wav,flac", "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw,flac"};
/// Beside the sound, recordings may hold pictures of their covers.
constexpr unsigned k_most_streams = 8;
constexpr int k_page_size = 4096;
/// What FFmpeg may ask for at once: the largest picture, of four channels of 16 bits, and room
/// beside it. A PNG's compressed texts would otherwise grow a thousandfold without a limit.
constexpr std::size_t k_largest_block = std::size_t{k_most_pixels} * 8 + (1 << 20);

/// The bytes as FFmpeg's input, with its reading position.
struct Cursor {
  std::span<const std::byte> bytes;
  std::int64_t position = 0;
};

int read_some(void* opaque, std::uint8_t* target, int wanted) {
  auto* cursor = static_cast<Cursor*>(opaque);
  const auto size = static_cast<std::int64_t>(cursor->bytes.size());
  const std::int64_t count = std::min<std::int64_t>(wanted, size - cursor->position);
  if (count <= 0) return AVERROR_EOF;
  std::memcpy(target, cursor->bytes.data() + cursor->position, static_cast<std::size_t>(count));
  cursor->position += count;
  return static_cast<int>(count);
}

std::int64_t move_to(void* opaque, std::int64_t offset, int whence) {
  auto* cursor = static_cast<Cursor*>(opaque);
  const auto size = static_cast<std::int64_t>(cursor->bytes.size());
  if ((whence & AVSEEK_SIZE) != 0) return size;
  if (whence == SEEK_CUR) offset += cursor->position;
  if (whence == SEEK_END) offset += size;
  if (offset < 0 || offset > size) return AVERROR(EINVAL);
  return cursor->position = offset;
}

struct Free {
  void operator()(AVIOContext* input) const {
    av_freep(&input->buffer);
    avio_context_free(&input);
  }
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
  void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// Passes a count on; turns one of FFmpeg's negative codes into its sentence.
int checked(int status, const std::string& place) {
  if (status >= 0) return status;
  char reason[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(status, reason, sizeof reason);
  cannot_decode(place, reason);
}

Owned<AVIOContext> open_input(Cursor& cursor) {
  auto* page = static_cast<unsigned char*>(av_malloc(k_page_size));
  Owned<AVIOContext> input(
      avio_alloc_context(page, k_page_size, 0, &cursor, read_some, nullptr, move_to));
  if (!input) {
    av_free(page);
    throw std::bad_alloc();
  }
  return input;
}

/// The kind that the first bytes tell: no format may hold a codec of another.
const Kind& kind_of(std::span<const std::byte> bytes, Medium medium) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (medium == Medium::picture) return text.starts_with("RIFF") ? k_webp : k_picture;
  if (text.starts_with("OggS")) return k_ogg;
  if (text.substr(0, 8).ends_with("ftyp")) return k_m4a;
  return text.starts_with("ID3") || text.starts_with('\xff') ? k_mp3 : k_wav;
}

Owned<AVFormatContext> open_format(AVIOContext* input, Medium medium, const Kind& kind,
                                   const std::string& place) {
  AVFormatContext* format = avformat_alloc_context();
  if (format == nullptr) throw std::bad_alloc();
  const bool is_picture = medium == Medium::picture;
  format->pb = input;
  format->format_whitelist = av_strdup(kind.formats);
  format->codec_whitelist = av_strdup(kind.codecs);
  format->protocol_whitelist = av_strdup("");  // Neither a playlist nor an M4A may open anything.
  format->max_streams = is_picture ? 1 : k_most_streams;
  format->error_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK;
  // On failure the context is freed and `format` becomes null.
  const int status = avformat_open_input(&format, nullptr, nullptr, nullptr);
  Owned<AVFormatContext> owned(format);
  if (status == AVERROR(EINVAL) || status == AVERROR_INVALIDDATA) {
    cannot_decode(place, concat("it is neither ",
                                is_picture ? "PNG, JPEG nor WebP" : "WAV, FLAC, MP3, Ogg nor M4A",
                                ", or its head is damaged"));
  }
  checked(status, place);
  return owned;
}

/// Refuses a recording that its head says to be too long, before anything is decoded.
void require_few_seconds(const AVStream& stream, const std::string& place) {
  if (stream.duration == AV_NOPTS_VALUE) return;
  const std::int64_t seconds = av_rescale_q(stream.duration, stream.time_base, {1, 1});
  if (seconds > k_most_seconds) {
    cannot_decode(
        place, concat("it is ", seconds, " seconds long; at most ", k_most_seconds, " are read"));
  }
}

/// The picture, or the first sound.
const AVStream& find_stream(const AVFormatContext& format, Medium medium,
                            const std::string& place) {
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    const bool is_sound = format.streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    if (medium == Medium::picture || is_sound) return *format.streams[i];
  }
  cannot_decode(place, "it holds no stream");
}

Owned<AVCodecContext> open_codec(const AVStream& stream, const Kind& kind,
                                 const std::string& place) {
  const AVCodecParameters& parameters = *stream.codecpar;
  const AVCodec* const codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) cannot_decode(place, "its codec is unknown");
  Owned<AVCodecContext> context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  checked(avcodec_parameters_to_context(context.get(), &parameters), place);
  context->thread_count = 1;
  context->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
  context->max_pixels = k_most_pixels;
  context->codec_whitelist = av_strdup(kind.codecs);
  checked(avcodec_open2(context.get(), codec, nullptr), place);
  return context;
}

/// Hands one packet to the decoder and takes the frames that are ready; null ends the stream.
void decode_packet(AVCodecContext* codec, const AVPacket* packet, AVFrame* frame,
                   const std::string& place, const std::function<void(const AVFrame&)>& take) {
  checked(avcodec_send_packet(codec, packet), place);
  for (;;) {
    const int status = avcodec_receive_frame(codec, frame);
    if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) return;
    checked(status, place);
    if (frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0) {
      cannot_decode(place, "it is damaged");
    }
    take(*frame);
    av_frame_unref(frame);
  }
}

/// Whether the decoder takes off the padding that the encoder added: then there are fewer samples
/// than the file announces, and its packets are counted instead.
bool is_lossy(const AVCodecContext& codec) {
  return codec.codec_id == AV_CODEC_ID_MP3 || codec.codec_id == AV_CODEC_ID_VORBIS ||
         codec.codec_id == AV_CODEC_ID_OPUS || codec.codec_id == AV_CODEC_ID_AAC;
}

}  // namespace

std::int64_t decode_frames(std::span<const std::byte> bytes, Medium medium,
                           const std::string& place,
                           const std::function<void(const AVFrame&)>& take) {
  // FFmpeg's own messages name no file; the status code and the checks here replace them.
  av_log_set_level(AV_LOG_QUIET);
  av_max_alloc(k_largest_block);
  const Kind& kind = kind_of(bytes, medium);
  Cursor cursor{bytes};
  const Owned<AVIOContext> input = open_input(cursor);
  const Owned<AVFormatContext> format = open_format(input.get(), medium, kind, place);
  const AVStream& stream = find_stream(*format, medium, place);
  if (medium == Medium::recording) require_few_seconds(stream, place);
  const Owned<AVCodecContext> codec = open_codec(stream, kind, place);
  const Owned<AVPacket> packet(av_packet_alloc());
  const Owned<AVFrame> frame(av_frame_alloc());
  if (!packet || !frame) throw std::bad_alloc();
  int status = 0;
  std::int64_t played = 0;  // in the stream's time base
  int packets = 0;
  while ((status = av_read_frame(format.get(), packet.get())) >= 0) {
    if (packet->stream_index == stream.index) {
      if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0) cannot_decode(place, "it is damaged");
      played += packet->duration;
      ++packets;
      decode_packet(codec.get(), packet.get(), frame.get(), place, take);
    }
    av_packet_unref(packet.get());
    // Phones put further pictures behind the first; one after the other could take hours.
    if (medium == Medium::picture && codec->frame_number > 0) return 0;
  }
  if (status != AVERROR_EOF) checked(status, place);
  decode_packet(codec.get(), nullptr, frame.get(), place, take);
  if (medium == Medium::picture || stream.duration == AV_NOPTS_VALUE) return 0;
  if (is_lossy(*codec)) {
    // M4A lists all its packets; MP3 and Ogg announce how long they play.
    const bool has_list = codec->codec_id == AV_CODEC_ID_AAC;
    const bool is_cut =
        has_list ? packets < avformat_index_get_entries_count(&stream) : played < stream.duration;
    if (is_cut) cannot_decode(place, "it is cut off");
    return 0;
  }
  return av_rescale_q(stream.duration, stream.time_base, {1, codec->sample_rate});
}

void cannot_decode(const std::string& place, const std::string& reason) {
  throw Error(Exit::bad_data, concat(place, " cannot be decoded: ", reason,
                                     ". Replace the file and make the shard anew."));
}

}  // namespace weft::host
