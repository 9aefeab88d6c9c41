// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/png.hpp"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/base64.h>
}

#include <algorithm>
#include <memory>
#include <new>

#include "host/base/error.hpp"
#include "host/base/text.hpp"

namespace weft::host {
namespace {

struct Free {
  void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};

void check(int status) {
  if (status >= 0) return;
  char reason[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(status, reason, sizeof reason);
  throw Error(Exit::io, concat("FFmpeg cannot write a PNG: ", reason, "."));
}

}  // namespace

std::string png(const Image& image) {
  const AVCodec* const codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
  if (codec == nullptr) check(AVERROR_ENCODER_NOT_FOUND);
  const std::unique_ptr<AVCodecContext, Free> context(avcodec_alloc_context3(codec));
  const std::unique_ptr<AVFrame, Free> frame(av_frame_alloc());
  const std::unique_ptr<AVPacket, Free> packet(av_packet_alloc());
  if (!context || !frame || !packet) throw std::bad_alloc();
  context->width = frame->width = image.width;
  context->height = frame->height = image.height;
  context->pix_fmt = image.channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
  context->time_base = {1, 1};
  context->thread_count = 1;
  frame->format = context->pix_fmt;
  check(avcodec_open2(context.get(), codec, nullptr));
  check(av_frame_get_buffer(frame.get(), 0));
  const int row = image.width * image.channels;
  for (int y = 0; y < image.height; ++y) {
    std::copy_n(image.pixels.data() + std::ptrdiff_t{y} * row, row,
                frame->data[0] + std::ptrdiff_t{y} * frame->linesize[0]);
  }
  check(avcodec_send_frame(context.get(), frame.get()));
  check(avcodec_receive_packet(context.get(), packet.get()));
  return {reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size)};
}

std::string base64(const std::string& bytes) {
  std::string text(AV_BASE64_SIZE(bytes.size()), '\0');
  av_base64_encode(text.data(), static_cast<int>(text.size()),
                   reinterpret_cast<const std::uint8_t*>(bytes.data()),
                   static_cast<int>(bytes.size()));
  text.pop_back();  // the terminator
  return text;
}

}  // namespace weft::host
