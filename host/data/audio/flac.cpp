// SPDX-License-Identifier: Apache-2.0
#include "host/data/audio/flac.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/mem.h>
}

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string_view>

#include "host/data/codec/limits.hpp"
#include "host/data/codec/media.hpp"

namespace weft::host {
namespace {

struct Free {
  void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// What lies before the frames; the layout is that of RFC 9639, 8.
struct Head {
  static constexpr std::size_t k_info_size = 34;
  std::span<const std::byte> info;  ///< the block STREAMINFO
  std::span<const std::byte> frames;
  std::int64_t rate = 0, samples = 0;  ///< per channel; 0 samples: unknown
};

/// Tables of the checksum of frames (RFC 9639, 9.3): x^16 + x^15 + x^2 + 1, the highest bit first.
/// [k][b]: what a byte b becomes that k more bytes follow.
constexpr std::size_t k_at_once = 16;
constexpr auto k_checksums = [] {
  std::array<std::array<std::uint16_t, 256>, k_at_once> tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned value = byte << 8;
    for (std::size_t k = 0; k < k_at_once; ++k) {
      for (int bit = 0; bit < 8; ++bit)
        value = (value << 1 ^ ((value & 0x8000) != 0 ? 0x8005U : 0U)) & 0xffff;
      tables[k][byte] = static_cast<std::uint16_t>(value);
    }
  }
  return tables;
}();

/// Whether the checksums of all frames are right. Each makes the sum up to its end 0, so that the
/// next frame begins anew, and one sum over all of them does.
bool has_right_checksums(std::span<const std::byte> frames) {
  unsigned sum = 0;
  std::size_t at = 0;
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(frames[at + i]); };
  for (; at + k_at_once <= frames.size(); at += k_at_once) {
    unsigned next = k_checksums[15][byte(0) ^ sum >> 8] ^ k_checksums[14][byte(1) ^ (sum & 0xff)];
    for (std::size_t i = 2; i < k_at_once; ++i) next ^= k_checksums[k_at_once - 1 - i][byte(i)];
    sum = next;
  }
  for (; at < frames.size(); ++at) sum = (sum << 8 & 0xffff) ^ k_checksums[0][byte(0) ^ sum >> 8];
  return sum == 0;
}

std::optional<Head> head_of(std::span<const std::byte> bytes) {
  const auto number = [&](std::size_t at, int size) {
    std::int64_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | std::to_integer<std::int64_t>(bytes[at++]);
    return value;
  };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with("fLaC")) return std::nullopt;
  Head head;
  bool is_last = false;
  for (std::size_t at = 4; !is_last;) {
    if (at + 4 > bytes.size()) return std::nullopt;
    is_last = (number(at, 1) & 0x80) != 0;
    const bool is_info = (number(at, 1) & 0x7f) == 0;
    const auto size = static_cast<std::size_t>(number(at + 1, 3));
    at += 4;
    // The block STREAMINFO is the first, and the only one of its type.
    if (size > bytes.size() - at || is_info != head.info.empty()) return std::nullopt;
    if (is_info) {
      if (size != Head::k_info_size) return std::nullopt;
      head.info = bytes.subspan(at, size);
      head.rate = number(at + 10, 3) >> 4;
      head.samples = number(at + 13, 5) & 0xf'ffff'ffff;
    }
    at += size;
    head.frames = bytes.subspan(at);
  }
  return head;
}

Owned<AVCodecContext> open_decoder(const Head& head, bool is_checking) {
  const AVCodec* const codec = avcodec_find_decoder(AV_CODEC_ID_FLAC);
  if (codec == nullptr) return nullptr;
  Owned<AVCodecContext> context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  context->extradata =
      static_cast<std::uint8_t*>(av_mallocz(Head::k_info_size + AV_INPUT_BUFFER_PADDING_SIZE));
  if (context->extradata == nullptr) throw std::bad_alloc();
  std::memcpy(context->extradata, head.info.data(), Head::k_info_size);
  context->extradata_size = Head::k_info_size;
  context->thread_count = 1;
  context->err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM | AV_EF_BUFFER;
  if (is_checking) context->err_recognition |= AV_EF_CRCCHECK;
  return avcodec_open2(context.get(), codec, nullptr) < 0 ? nullptr : std::move(context);
}

}  // namespace

bool decode_plain_flac(std::span<const std::byte> bytes,
                       const std::function<void(const AVFrame&, std::int64_t)>& take) {
  const std::optional<Head> head = head_of(bytes);
  if (!head || head->rate == 0 || head->samples > k_most_seconds * head->rate) return false;
  if (head->frames.empty() || head->frames.size() > std::numeric_limits<int>::max()) return false;
  // Where bytes lie behind the last frame, the decoder checks each, up to the announced length.
  const bool is_alone = has_right_checksums(head->frames);
  if (!is_alone && head->samples == 0) return false;
  set_up_ffmpeg();
  const Owned<AVCodecContext> codec = open_decoder(*head, !is_alone);
  if (!codec) return false;
  const Owned<AVPacket> packet(av_packet_alloc());
  const Owned<AVFrame> frame(av_frame_alloc());
  if (!packet || !frame) throw std::bad_alloc();
  // One packet of all frames: the decoder says how far each reaches. FFmpeg copies the bytes.
  packet->data =
      const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(head->frames.data()));
  packet->size = static_cast<int>(head->frames.size());
  if (avcodec_send_packet(codec.get(), packet.get()) < 0) return false;
  std::int64_t decoded = 0;
  int status = 0;
  while ((status = avcodec_receive_frame(codec.get(), frame.get())) >= 0) {
    if (frame->decode_error_flags != 0 || (frame->flags & AV_FRAME_FLAG_CORRUPT) != 0) return false;
    decoded += frame->nb_samples;
    take(*frame, head->samples);
    av_frame_unref(frame.get());
    if (!is_alone && decoded == head->samples) return true;
  }
  return status == AVERROR(EAGAIN) && (head->samples == 0 || decoded == head->samples);
}

}  // namespace weft::host
