// SPDX-License-Identifier: Apache-2.0
#include "host/data/codec/media.hpp"

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
#include "host/data/codec/file_format.hpp"
#include "host/data/codec/limits.hpp"
#include "host/data/codec/metadata.hpp"

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
constexpr Kind k_mov = {"mov", "aac,mp3float,opus"};
constexpr Kind k_matroska = {"matroska", "opus,vorbis,aac,mp3float"};
constexpr Kind k_mov_video = {"mov", "h264,hevc,mpeg4,vp9,libdav1d"};
constexpr Kind k_matroska_video = {"matroska", "vp8,vp9,libdav1d,h264,hevc,mpeg4"};
/// A FLAC file may begin with an MP3's tag.
constexpr Kind k_mp3 = {"mp3,flac", "mp3float,flac"};
constexpr Kind k_wav = {
    "wav,flac", "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw,flac"};
/// Beside the sound, recordings may hold pictures of their covers.
constexpr unsigned k_most_streams = 8;
constexpr int k_page_size = 4096;
/// What FFmpeg may read to find out what a file is.
constexpr std::int64_t k_most_probed = 1 << 20;
/// What FFmpeg may ask for at once: the largest picture, of four channels of 16 bits, and room
/// beside it. A PNG's compressed texts would otherwise grow a thousandfold without a limit.
constexpr std::size_t k_largest_block = std::size_t{k_most_pixels} * 8 + (1 << 20);

/// The bytes as FFmpeg's input, with its reading position.
struct Cursor {
  std::span<const std::byte> bytes;
  std::int64_t position = 0;
  Deadline deadline;
  Changes changes;
};

int read_some(void* opaque, std::uint8_t* target, int wanted) {
  auto* cursor = static_cast<Cursor*>(opaque);
  if (cursor->deadline.is_over()) return AVERROR_EXIT;
  const auto size = static_cast<std::int64_t>(cursor->bytes.size());
  const std::int64_t count = std::min<std::int64_t>(wanted, size - cursor->position);
  if (count <= 0) return AVERROR_EOF;
  const auto from = static_cast<std::size_t>(cursor->position);
  const std::span<std::uint8_t> part(target, static_cast<std::size_t>(count));
  std::memcpy(part.data(), cursor->bytes.data() + from, part.size());
  cursor->changes.apply(from, part);
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
  if (status == AVERROR_EOF) cannot_decode(place, "it ends too early");
  if (status == AVERROR_INVALIDDATA) cannot_decode(place, "it is damaged, or cut off");
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

std::string_view text_of_head(std::span<const std::byte> bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes.data()), std::min(size, bytes.size())};
}

/// The kind that the first bytes tell: no format may hold a codec of another.
const Kind& kind_of(std::span<const std::byte> bytes, Medium medium) {
  const std::string_view text = text_of_head(bytes, 8);
  if (medium == Medium::picture) return text.starts_with("RIFF") ? k_webp : k_picture;
  if (text.starts_with("OggS")) return k_ogg;
  const bool is_mov = text.ends_with("ftyp");
  const bool is_matroska = text.starts_with("\x1a\x45\xdf\xa3");
  if (medium == Medium::video) return is_matroska ? k_matroska_video : k_mov_video;
  if (is_mov) return k_mov;
  if (is_matroska) return k_matroska;
  return text.starts_with("ID3") || text.starts_with('\xff') ? k_mp3 : k_wav;
}

/// For messages.
const char* formats_of(Medium medium) {
  switch (medium) {
    case Medium::picture: return "PNG, JPEG nor WebP";
    case Medium::recording: return "WAV, FLAC, MP3, Ogg, M4A, MP4 nor WebM";
    case Medium::video: return "MP4, MOV, WebM nor Matroska";
  }
  return "";
}

Owned<AVFormatContext> open_format(AVIOContext* input, Medium medium, const Kind& kind,
                                   const std::string& place) {
  AVFormatContext* format = avformat_alloc_context();
  if (format == nullptr) throw std::bad_alloc();
  format->pb = input;
  format->format_whitelist = av_strdup(kind.formats);
  format->codec_whitelist = av_strdup(kind.codecs);
  format->protocol_whitelist = av_strdup("");  // Neither a playlist nor an M4A may open anything.
  format->max_streams = medium == Medium::picture ? 1 : k_most_streams;
  format->probesize = k_most_probed;
  format->format_probesize = static_cast<int>(k_most_probed);
  format->error_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK;
  // On failure the context is freed and `format` becomes null.
  const int status = avformat_open_input(&format, nullptr, nullptr, nullptr);
  Owned<AVFormatContext> owned(format);
  if (status == AVERROR(EINVAL) || status == AVERROR_INVALIDDATA) {
    refuse_format(static_cast<Cursor*>(input->opaque)->bytes, formats_of(medium), place);
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

/// Refuses a video whose head says that its pictures are too large.
void require_few_pixels(const AVStream& stream, const std::string& place) {
  const std::int64_t height = stream.codecpar->height, width = stream.codecpar->width;
  if (height * width > k_most_frame_pixels) {
    cannot_decode(place, concat("its pictures have ", height, " x ", width, " pixels; at most ",
                                k_most_frame_pixels, " are read"));
  }
}

bool is_cover(const AVStream& stream) {
  return (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
}

bool holds_video(const AVFormatContext& format) {
  return std::any_of(format.streams, format.streams + format.nb_streams, [](const auto* stream) {
    return stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_cover(*stream);
  });
}

/// The picture, the first sound or the first moving pictures; FFmpeg passes over all others.
const AVStream& find_stream(const AVFormatContext& format, Medium medium,
                            const std::string& place) {
  const AVMediaType wanted = medium == Medium::recording ? AVMEDIA_TYPE_AUDIO : AVMEDIA_TYPE_VIDEO;
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    const AVStream& stream = *format.streams[i];
    const bool is_wanted = stream.codecpar->codec_type == wanted && !is_cover(stream);
    if (medium == Medium::picture || is_wanted) return stream;
  }
  if (medium == Medium::recording && holds_video(format)) {
    throw LacksSound(place, "it is a video without sound");
  }
  cannot_decode(place, medium == Medium::video ? "it holds no pictures" : "it holds no stream");
}

Owned<AVCodecContext> open_codec(const AVStream& stream, Medium medium, const Kind& kind,
                                 const std::string& place) {
  const AVCodecParameters& parameters = *stream.codecpar;
  const AVCodec* const codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) cannot_decode(place, "its codec is unknown");
  Owned<AVCodecContext> context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  checked(avcodec_parameters_to_context(context.get(), &parameters), place);
  context->thread_count = 1;
  context->pkt_timebase = stream.time_base;
  context->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
  context->max_pixels = medium == Medium::video ? k_most_frame_pixels : k_most_pixels;
  context->codec_whitelist = av_strdup(kind.codecs);
  // Of sound in one page FFmpeg cuts off too much; whole_ogg() knows the end.
  const bool is_vorbis = &kind == &k_ogg && codec->id == AV_CODEC_ID_VORBIS;
  if (is_vorbis) context->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
  checked(avcodec_open2(context.get(), codec, nullptr), place);
  return context;
}

}  // namespace

void set_up_ffmpeg() {
  // FFmpeg's own messages name no file; the status code and the checks here replace them.
  av_log_set_level(AV_LOG_QUIET);
  av_max_alloc(k_largest_block);
}

struct MediaFile::Inside {
  Inside(std::span<const std::byte> bytes, Medium medium, const Deadline& deadline,
         const std::string& where)
      : place(where),
        cursor{bytes, 0, deadline, changes_of_metadata(bytes, where)},
        kind(kind_of(bytes, medium)),
        input(open_input(cursor)),
        format(open_format(input.get(), medium, kind, place)),
        stream(find_stream(*format, medium, place)),
        packet(av_packet_alloc()),
        frame(av_frame_alloc()) {
    if (!packet || !frame) throw std::bad_alloc();
    if (medium != Medium::picture) require_few_seconds(stream, place);
    if (medium == Medium::video) require_few_pixels(stream, place);
    codec = open_codec(stream, medium, kind, place);
  }

  void require_time() const {
    if (!cursor.deadline.is_over()) return;
    const auto seconds = cursor.deadline.limit().count();
    cannot_decode(place, concat("it takes longer than ", seconds, " seconds"));
  }

  const std::string& place;
  Cursor cursor;
  const Kind& kind;
  Owned<AVIOContext> input;
  Owned<AVFormatContext> format;
  const AVStream& stream;
  Owned<AVPacket> packet;
  Owned<AVFrame> frame;
  Owned<AVCodecContext> codec;
};

MediaFile::MediaFile(std::span<const std::byte> bytes, Medium medium, const Deadline& deadline,
                     const std::string& place) {
  set_up_ffmpeg();
  if (deadline.is_over()) {
    cannot_decode(place, concat("it takes longer than ", deadline.limit().count(), " seconds"));
  }
  inside_ = std::make_unique<Inside>(bytes, medium, deadline, place);
}

MediaFile::~MediaFile() = default;

const AVStream& MediaFile::stream() const {
  return inside_->stream;
}

const AVCodecContext& MediaFile::codec() const {
  return *inside_->codec;
}

double MediaFile::seconds() const {
  const std::int64_t duration = inside_->format->duration;
  return duration > 0 ? static_cast<double>(duration) / AV_TIME_BASE : 0;
}

bool MediaFile::has_video() const {
  return holds_video(*inside_->format);
}

const AVPacket* MediaFile::read() {
  AVPacket* const packet = inside_->packet.get();
  for (;;) {
    inside_->require_time();
    av_packet_unref(packet);
    const int status = av_read_frame(inside_->format.get(), packet);
    if (status == AVERROR_EOF) return nullptr;
    if (status < 0) inside_->require_time();
    checked(status, inside_->place);
    if (packet->stream_index != inside_->stream.index) continue;
    if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0) cannot_decode(inside_->place, "it is damaged");
    return packet;
  }
}

void MediaFile::decode(const AVPacket* packet, const std::function<void(const AVFrame&)>& take) {
  AVFrame* const frame = inside_->frame.get();
  checked(avcodec_send_packet(inside_->codec.get(), packet), inside_->place);
  for (;;) {
    inside_->require_time();
    const int status = avcodec_receive_frame(inside_->codec.get(), frame);
    if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) return;
    checked(status, inside_->place);
    if (frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0) {
      cannot_decode(inside_->place, "it is damaged");
    }
    take(*frame);
    av_frame_unref(frame);
  }
}

void MediaFile::expect_delay(int pictures) {
  inside_->codec->has_b_frames = std::max(inside_->codec->has_b_frames, pictures);
}

void MediaFile::jump() {
  avcodec_flush_buffers(inside_->codec.get());
}

Undecodable::Undecodable(const std::string& place, const std::string& reason)
    : Error(Exit::bad_data,
            concat(place, " cannot be decoded: ", reason, ". Replace the file in the data.")),
      fault_(concat(place, " cannot be decoded: ", reason, ". ")) {}

Error Undecodable::with_remedy(const std::string& remedy) const {
  return Error(exit(), fault_ + remedy);
}

void cannot_decode(const std::string& place, const std::string& reason) {
  throw Undecodable(place, reason);
}

}  // namespace weft::host
