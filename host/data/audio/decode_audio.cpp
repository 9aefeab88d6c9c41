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
#include <optional>
#include <string_view>
#include <utility>

#include "host/base/text.hpp"
#include "host/data/audio/audio_options.hpp"
#include "host/data/audio/decode_audio.hpp"
#include "host/data/audio/flac.hpp"
#include "host/data/audio/wav.hpp"
#include "host/data/codec/container.hpp"
#include "host/data/codec/limits.hpp"
#include "host/data/codec/media.hpp"

namespace weft::host {
namespace {

struct Free {
  void operator()(SwrContext* resampler) const { swr_free(&resampler); }
};
using Resampler = std::unique_ptr<SwrContext, Free>;

void require_limits(const AVFrame& frame, const std::string& place) {
  if (frame.sample_rate < k_lowest_rate || frame.sample_rate > k_highest_rate) {
    cannot_decode(place, concat("it has ", frame.sample_rate, " samples per second, not from ",
                                k_lowest_rate, " to ", k_highest_rate));
  }
  if (frame.ch_layout.nb_channels > k_most_channels) {
    cannot_decode(place, concat("it has ", frame.ch_layout.nb_channels, " channels; at most ",
                                k_most_channels, " are read"));
  }
}

Resampler open_resampler(const AVFrame& frame, int rate, Channel channel,
                         const std::string& place) {
  AVChannelLayout from{};
  av_channel_layout_default(&from, frame.ch_layout.nb_channels);
  AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
  SwrContext* raw = nullptr;
  int status =
      swr_alloc_set_opts2(&raw, &mono, AV_SAMPLE_FMT_FLT, rate, &from,
                          static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
  Resampler resampler(raw);
  // Several channels become their mean, where FFmpeg's own mix weighs five of them differently, or
  // one of them: the first is the left one and the second the right one.
  const auto channels = static_cast<std::size_t>(frame.ch_layout.nb_channels);
  std::vector<double> weights(channels,
                              channel == Channel::mean ? 1.0 / static_cast<double>(channels) : 0);
  if (channel == Channel::left) weights.front() = 1;
  if (channel == Channel::right && channels > 1) weights[1] = 1;
  if (status >= 0 && channels > 1) {
    status = swr_set_matrix(raw, weights.data(), frame.ch_layout.nb_channels);
  }
  // FFmpeg would resample numbers of 64 bits in 64 bits, and all others in 32.
  if (status >= 0)
    status = av_opt_set_sample_fmt(raw, "internal_sample_fmt", AV_SAMPLE_FMT_FLTP, 0);
  if (status >= 0) status = swr_init(raw);
  if (status < 0) cannot_decode(place, "its channels or its rate cannot be converted");
  return resampler;
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

/// Appends the frame's samples where they need no resampler: one channel of the wanted rate.
/// Full scale becomes 1, by the same multiplication as in FFmpeg.
/// @return  whether its format is known here
bool append_plain(const AVFrame& frame, std::vector<float>& samples) {
  const auto append = [&](const auto* source, float scale) {
    const std::size_t before = samples.size();
    samples.resize(before + static_cast<std::size_t>(frame.nb_samples));
    float* to = samples.data() + before;
    constexpr int k_at_once = 16;  // a loop of known length, which compilers turn into vectors
    int left = frame.nb_samples;
    for (; left >= k_at_once; left -= k_at_once, source += k_at_once, to += k_at_once) {
      for (int i = 0; i < k_at_once; ++i) to[i] = static_cast<float>(source[i]) * scale;
    }
    for (int i = 0; i < left; ++i) to[i] = static_cast<float>(source[i]) * scale;
    return true;
  };
  const std::uint8_t* const bytes = frame.extended_data[0];
  switch (frame.format) {
    case AV_SAMPLE_FMT_S16:
    case AV_SAMPLE_FMT_S16P:
      return append(reinterpret_cast<const std::int16_t*>(bytes), 1.0F / (1 << 15));
    case AV_SAMPLE_FMT_S32:
    case AV_SAMPLE_FMT_S32P:
      return append(reinterpret_cast<const std::int32_t*>(bytes), 1.0F / (1U << 31));
    default: return false;
  }
}

/// Brings sound that begins beside its pictures at `begin` seconds to their origin: silence before
/// it, or nothing of what is heard before 0.
void move_to_begin(Audio& audio, double begin, const std::string& place) {
  if (begin > static_cast<double>(k_most_seconds)) {
    cannot_decode(place, concat("its sound begins after more than ", k_most_seconds, " seconds"));
  }
  const auto shift = std::llround(begin * audio.rate);
  if (shift > 0) {
    audio.samples.insert(audio.samples.begin(), static_cast<std::size_t>(shift), 0.0F);
  } else if (shift < 0) {
    const auto lost = std::min<std::int64_t>(-shift, std::ssize(audio.samples));
    audio.samples.erase(audio.samples.begin(), audio.samples.begin() + lost);
  }
}

/// Collects frames as samples of one rate.
class Collector {
 public:
  /// @param most  samples per channel that are taken, what follows being padding; 0: all
  Collector(int rate, Channel channel, const std::string& place, std::int64_t most = 0)
      : rate_(rate), channel_(channel), place_(place), most_(most) {}

  /// @param announced  how many samples a channel has in all, or 0
  void take(const AVFrame& whole, std::int64_t announced) {
    AVFrame frame = whole;  // its samples stay where they are
    if (most_ > 0) {
      frame.nb_samples = static_cast<int>(
          std::min<std::int64_t>(frame.nb_samples, std::max<std::int64_t>(most_ - decoded_, 0)));
      if (frame.nb_samples == 0) return;
    }
    if (decoded_ == 0) {
      require_limits(frame, place_);
      source_rate_ = frame.sample_rate;
      channels_ = frame.ch_layout.nb_channels;
      format_ = frame.format;
      if (source_rate_ == rate_) samples_.reserve(static_cast<std::size_t>(announced));
    }
    if (frame.sample_rate != source_rate_ || frame.ch_layout.nb_channels != channels_ ||
        frame.format != format_) {
      cannot_decode(place_, "its rate or channels change half-way");
    }
    decoded_ += frame.nb_samples;
    if (decoded_ > k_most_seconds * source_rate_) {
      cannot_decode(place_, concat("it is longer than ", k_most_seconds, " seconds"));
    }
    const bool is_plain = source_rate_ == rate_ && channels_ == 1;
    if (is_plain && append_plain(frame, samples_)) return;
    if (!resampler_) resampler_ = open_resampler(frame, rate_, channel_, place_);
    convert(resampler_.get(), &frame, samples_, place_);
  }

  std::vector<float> finish() {
    if (resampler_) convert(resampler_.get(), nullptr, samples_, place_);
    return std::move(samples_);
  }

  std::int64_t decoded() const { return decoded_; }
  int source_rate() const { return source_rate_; }  ///< of the file
  /// Whether every sample was a whole number.
  bool is_plain() const { return !resampler_; }

 private:
  int rate_;
  Channel channel_;
  const std::string& place_;
  std::int64_t most_;
  Resampler resampler_;
  std::vector<float> samples_;
  std::int64_t decoded_ = 0;
  int source_rate_ = 0, channels_ = 0, format_ = 0;
};

}  // namespace

Audio decode_audio(std::span<const std::byte> given, int rate, const std::string& place,
                   Channel channel) {
  const std::span<const std::byte> untagged = behind_tags(given);
  const std::optional<std::vector<std::byte>> wav = plain_wav(untagged, place);
  const std::span<const std::byte> bytes = wav ? std::span<const std::byte>(*wav) : untagged;
  const std::int64_t ogg_samples = whole_ogg(bytes, place);
  require_honest_boxes(bytes, place);
  require_whole_matroska(bytes, place);
  std::optional<Collector> collector(std::in_place, rate, channel, place);
  double begin = 0;
  const bool is_plain_flac = decode_plain_flac(
      bytes, [&](const AVFrame& frame, std::int64_t count) { collector->take(frame, count); });
  if (!is_plain_flac) {
    collector.emplace(rate, channel, place, ogg_samples);
    const Announced announced = decode_frames(
        bytes, Medium::recording, place, [&](const AVFrame& frame) { collector->take(frame, 0); });
    const std::int64_t decoded = collector->decoded();
    if (decoded < announced.samples) {
      cannot_decode(place,
                    concat("it is cut off after ", decoded, " of ", announced.samples, " samples"));
    }
    begin = announced.begin;
  }
  const bool is_plain = collector->is_plain();
  Audio audio{rate, collector->finish()};
  move_to_begin(audio, begin, place);
  if (audio.samples.empty() && collector->decoded() == 0) cannot_decode(place, "it holds no sound");
  if (audio.samples.empty()) {
    cannot_decode(place, concat("it is too short: samples at ", collector->source_rate(),
                                " a second: ", collector->decoded(), "; at ", rate, ": 0"));
  }
  if (!is_plain && !std::all_of(audio.samples.begin(), audio.samples.end(),
                                [](float sample) { return std::isfinite(sample); })) {
    cannot_decode(place, "it holds samples that are not finite numbers");
  }
  return audio;
}

}  // namespace weft::host
