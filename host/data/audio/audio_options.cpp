// SPDX-License-Identifier: Apache-2.0
#include "host/data/audio/audio_options.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/section/section.hpp"

namespace weft::host {
namespace {

/// The preset `whisper`: everything but the number of bands is fixed.
LogMelOptions whisper(const Section& section) {
  const auto require_neutral = [&](const char* key, double neutral) {
    if (!section.has(key) || section.at(key) == Json(neutral)) return;
    section.refuse(key, "it left out, because the preset whisper fixes it");
  };
  for (const char* key : {"rate", "fft", "window", "hop"}) require_neutral(key, std::nan(""));
  for (const char* key : {"low_hz", "high_hz", "mean"}) require_neutral(key, 0);
  require_neutral("std", 1);
  if (section.word("normalize", "none") != "none") require_neutral("normalize", std::nan(""));
  const int mels = section.integer("mels", 80, 1, 4096);
  if (mels != 80 && mels != 128) section.refuse("mels", "80 or 128 with the preset whisper");
  return {16000, 400, 400, 160, mels, 0, 8000, LogMelForm::whisper, true};
}

LogMelOptions spectrum_of(const Section& section) {
  const std::string preset = section.word("preset", "");
  if (preset == "whisper") return whisper(section);
  const bool has_preset = preset == "torchaudio";
  if (!preset.empty() && !has_preset) section.fail("preset", "torchaudio or whisper");
  // The defaults of torchaudio.transforms.MelSpectrogram.
  const auto standard = [&](int value) { return has_preset ? std::optional(value) : std::nullopt; };
  LogMelOptions spectrum;
  spectrum.is_precise = has_preset;
  spectrum.rate = section.integer("rate", standard(16000), 1000, 384000);
  spectrum.fft = section.integer("fft", standard(400), 16, 65536);
  if (spectrum.fft % 4 != 0) section.refuse("fft", "a multiple of 4");
  spectrum.window = section.integer("window", spectrum.fft, 1, spectrum.fft);
  spectrum.hop = section.integer("hop", standard(std::max(spectrum.window / 2, 1)), 1, 65536);
  spectrum.mels = section.integer("mels", standard(128), 1, 4096);
  const double half_rate = spectrum.rate / 2.0;
  spectrum.high_hz = section.number("high_hz", 0, 0, half_rate);
  if (spectrum.high_hz == 0) spectrum.high_hz = half_rate;
  spectrum.low_hz = section.number("low_hz", 0, 0, spectrum.high_hz);
  if (spectrum.low_hz == spectrum.high_hz) section.refuse("low_hz", "a number below high_hz");
  return spectrum;
}

}  // namespace

RecordingOptions recording_options(const Section& section) {
  RecordingOptions recording;
  recording.spectrum = spectrum_of(section);
  const LogMelOptions& spectrum = recording.spectrum;
  // Whisper's silence is computed like sound, so its length has the limit of recordings.
  const int longest = spectrum.form == LogMelForm::whisper ? 60'000 : 1'000'000;
  recording.frames = section.integer("frames", std::nullopt, 1, longest);
  recording.mean = section.real("mean", 0, -k_large, k_large);
  recording.std = section.real("std", 1, 1e-6, k_large);
  const std::string normalise = section.word("normalize", "none");
  recording.per_mel = normalise == "per_mel";
  if (!recording.per_mel && normalise != "none") section.refuse("normalize", "none or per_mel");
  if (recording.per_mel && recording.mean != 0) section.refuse("mean", "0 with normalize per_mel");
  if (recording.per_mel && recording.std != 1) section.refuse("std", "1 with normalize per_mel");
  const std::string channel = section.word("channels", "mean");
  if (channel == "left") {
    recording.channel = Channel::left;
  } else if (channel == "right") {
    recording.channel = Channel::right;
  } else if (channel != "mean") {
    section.refuse("channels", "mean, left or right");
  }
  if (section.has("trim_db")) recording.trim_db = section.real("trim_db", 0, 1, 200);
  const std::string cut = section.word("crop", "end");
  if (cut == "middle") {
    recording.cut = Cut::middle;
  } else if (cut == "random") {
    recording.cut = Cut::random;
  } else if (cut != "end") {
    section.refuse("crop", "end, middle or random");
  }
  // Both look at the frames that the field holds before it is known which ones these are.
  const bool needs_end = recording.per_mel || spectrum.form == LogMelForm::whisper;
  if (needs_end && recording.cut != Cut::end) {
    section.refuse("crop", "end with normalize per_mel and with the preset whisper");
  }
  recording.shift = section.integer("time_shift", 0, 0, recording.frames);
  recording.time_mask = section.integer("time_mask", 0, 0, recording.frames);
  recording.mel_mask = section.integer("mel_mask", 0, 0, spectrum.mels);
  recording.time_masks = section.integer("time_masks", 1, 0, 1000);
  recording.mel_masks = section.integer("mel_masks", 1, 0, 1000);
  recording.time_mask_part = section.real("time_mask_part", 1, 0, 1);
  recording.noise = section.real("noise", 0, 0, k_large);
  return recording;
}

}  // namespace weft::host
