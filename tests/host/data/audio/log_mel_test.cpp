// SPDX-License-Identifier: Apache-2.0
#include "host/data/audio/log_mel.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "host/data/audio/decode_audio.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;

Json reference(const std::string& name) {
  std::ifstream file(std::string(WEFT_SOURCE_DIR "/tests/reference/") + name);
  return Json::parse(file);
}

LogMelOptions options_of(const Json& json) {
  return {json.at("rate"), json.at("fft"),    json.at("window"), json.at("hop"),
          json.at("mels"), json.at("low_hz"), json.at("high_hz")};
}

TEST(LogMel, EqualsTorchStftWithAnHtkFilterBank) {
  for (const Json& json : reference("log_mel.json")) {
    auto samples = json.at("samples").get<std::vector<float>>();
    for (float& sample : samples) sample /= 32768;
    const auto frames = json.at("frames").get<std::vector<std::vector<float>>>();
    const Array found = log_mel(samples, options_of(json));
    const auto mels = static_cast<std::size_t>(found.sizes[1]);
    ASSERT_EQ(found.sizes[0], static_cast<std::int64_t>(frames.size()));
    for (std::size_t t = 0; t < frames.size(); ++t) {
      for (std::size_t m = 0; m < mels; ++m) {
        EXPECT_NEAR(found.data<float>()[t * mels + m], frames[t][m], 1e-4) << t << ", " << m;
      }
    }
  }
}

TEST(LogMel, EqualsTorchaudio) {
  const Json json = reference("log_mel_torchaudio.json");
  const auto samples = json.at("samples").get<std::vector<float>>();
  const auto power = json.at("power").get<std::vector<std::vector<double>>>();
  const Array found = log_mel(samples, options_of(json));
  for (std::size_t t = 0; t < power.size(); ++t) {
    for (std::size_t m = 0; m < 64; ++m) {
      EXPECT_NEAR(found.data<float>()[t * 64 + m], std::log(power[t][m] + k_power_floor), 1e-4)
          << t << ", " << m;
    }
  }
}

TEST(LogMel, SilenceIsTheLogarithmOfTheFloor) {
  const std::vector<float> silence(800, 0.0F);
  const Array found = log_mel(silence, {8000, 256, 256, 80, 8, 0, 4000});
  ASSERT_EQ(found.sizes[0], 11);
  for (std::int64_t i = 0; i < found.count(); ++i) {
    EXPECT_FLOAT_EQ(found.data<float>()[i], std::log(1e-6F));
  }
}

TEST(LogMel, AShortRecordingIsFilledUpWithSilence) {
  const LogMelOptions options{8000, 256, 256, 80, 8, 0, 4000};
  std::vector<float> samples(40, 0.25F);
  const Array found = log_mel(samples, options);
  samples.resize(129, 0.0F);
  const Array filled = log_mel(samples, options);
  ASSERT_EQ(found.sizes, filled.sizes);
  for (std::int64_t i = 0; i < found.count(); ++i) {
    EXPECT_EQ(found.data<float>()[i], filled.data<float>()[i]);
  }
}

TEST(TrimmedSilence, EndsWhereLibrosaEndsIt) {
  std::ifstream file(WEFT_SOURCE_DIR "/tests/reference/log_mel_presets.flac", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::span bytes(reinterpret_cast<const std::byte*>(text.data()), text.size());
  const std::vector<float> recording = decode_audio(bytes, 16'000, "r").samples;
  const Json cases = reference("trim.json");
  ASSERT_EQ(cases.size(), 18U);
  for (const Json& json : cases) {
    const std::size_t silence = json.at("silence");
    std::vector<float> samples(silence, 0.0F);
    samples.insert(samples.end(), recording.begin(), recording.end());
    samples.resize(samples.size() + 2 * silence, 0.0F);
    const std::span<const float> found = trimmed_silence(samples, json.at("decibels"));
    const auto begin = static_cast<std::size_t>(found.data() - samples.data());
    EXPECT_EQ(begin, json.at("begin").get<std::size_t>()) << json;
    EXPECT_EQ(begin + found.size(), json.at("end").get<std::size_t>()) << json;
  }
}

}  // namespace
}  // namespace weft::host
