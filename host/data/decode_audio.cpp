// SPDX-License-Identifier: Apache-2.0
extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
}

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <string_view>

#include "host/base/text.hpp"
#include "host/data/decode.hpp"
#include "host/data/media.hpp"

namespace weft::host {
namespace {

struct Free {
  void operator()(SwrContext* resampler) const { swr_free(&resampler); }
};
using Resampler = std::unique_ptr<SwrContext, Free>;

Resampler open_resampler(const AVFrame& frame, int rate, const std::string& place) {
  if (frame.sample_rate < k_lowest_rate || frame.sample_rate > k_highest_rate) {
    cannot_decode(place, concat("it has ", frame.sample_rate, " samples per second, not from ",
                                k_lowest_rate, " to ", k_highest_rate));
  }
  AVChannelLayout from{};
  av_channel_layout_default(&from, frame.ch_layout.nb_channels);
  AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
  SwrContext* raw = nullptr;
  int status =
      swr_alloc_set_opts2(&raw, &mono, AV_SAMPLE_FMT_FLT, rate, &from,
                          static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
  Resampler resampler(raw);
  // Weights that sum to 1: several channels become their mean and never exceed full scale.
  if (status >= 0) status = av_opt_set_double(raw, "rematrix_maxval", 1.0, 0);
  if (status >= 0) status = swr_init(raw);
  if (status < 0) cannot_decode(place, "its channels or its rate cannot be converted");
  return resampler;
}

/// FFmpeg plays a WAV file that is cut off as far as it goes. Here the chunk `data` must be whole;
/// its size is unknown (all ones) in a file that was written to a pipe.
void require_whole_wav(std::span<const std::byte> bytes, const std::string& place) {
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;)
      value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
    return std::size_t{value};
  };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with("RIFF")) return;
  for (std::size_t at = 12; at + 8 <= bytes.size();) {
    const std::size_t size = number(at + 4), held = bytes.size() - at - 8;
    if (text.substr(at, 4) == "data") {
      if (size <= held || size == 0xffffffff) return;
      cannot_decode(place, concat("it is cut off after ", held, " of ", size, " bytes of sound"));
    }
    at += 8 + size + size % 2;
  }
}

/// Converts one frame, or with null what the resampler still holds, onto the end of `samples`.
void convert(SwrContext* resampler, const AVFrame* frame, std::vector<float>& samples,
             const std::string& place) {
  const int incoming = frame != nullptr ? frame->nb_samples : 0;
  const int room = swr_get_out_samples(resampler, incoming);
  if (room < 0) cannot_decode(place, "its rate cannot be converted");
  const std::size_t before = samples.size();
  samples.resize(before + static_cast<std::size_t>(room));
  auto* target = reinterpret_cast<std::uint8_t*>(samples.data() + before);
  auto** source =
      frame != nullptr ? const_cast<const std::uint8_t**>(frame->extended_data) : nullptr;
  const int count = room > 0 ? swr_convert(resampler, &target, room, source, incoming) : 0;
  if (count < 0) cannot_decode(place, "its samples cannot be converted");
  samples.resize(before + static_cast<std::size_t>(count));
}

}  // namespace

Audio decode_audio(std::span<const std::byte> bytes, int rate, const std::string& place) {
  require_whole_wav(bytes, place);
  Audio audio{rate, {}};
  Resampler resampler;
  std::int64_t decoded = 0;
  int source_rate = 0, channels = 0, format = 0;
  const auto take = [&](const AVFrame& frame) {
    if (!resampler) {
      resampler = open_resampler(frame, rate, place);
      source_rate = frame.sample_rate;
      channels = frame.ch_layout.nb_channels;
      format = frame.format;
    }
    if (frame.sample_rate != source_rate || frame.ch_layout.nb_channels != channels ||
        frame.format != format) {
      cannot_decode(place, "its rate or channels change half-way");
    }
    decoded += frame.nb_samples;
    if (decoded > k_most_seconds * source_rate) {
      cannot_decode(place, concat("it is longer than ", k_most_seconds, " seconds"));
    }
    convert(resampler.get(), &frame, audio.samples, place);
  };
  const std::int64_t announced = decode_frames(bytes, Medium::recording, place, take);
  if (resampler) convert(resampler.get(), nullptr, audio.samples, place);
  if (decoded < announced) {
    cannot_decode(place, concat("it is cut off after ", decoded, " of ", announced, " samples"));
  }
  if (audio.samples.empty()) cannot_decode(place, "it holds no sound");
  if (!std::all_of(audio.samples.begin(), audio.samples.end(),
                   [](float sample) { return std::isfinite(sample); })) {
    cannot_decode(place, "it holds samples that are not finite numbers");
  }
  return audio;
}

}  // namespace weft::host
