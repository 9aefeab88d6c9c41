// SPDX-License-Identifier: Apache-2.0
#include "host/data/log_mel.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace weft::host
