// SPDX-License-Identifier: Apache-2.0
#include "host/data/batch/feature.hpp"
#include "host/data/audio/audio_feature.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;
using test::bytes_of;
using test::read_file;
using test::wav;
using testing::ElementsAre;

RecordingOptions options_of(Json field) {
  field["kind"] = "log_mel";
  const Json section = {{"fields", {{"voice", field}}}};
  return std::get<RecordingOptions>(parse_data_options(section.dump()).fields.at(0).kind);
}

Json reference_cases() {
  std::ifstream file(WEFT_SOURCE_DIR "/tests/reference/log_mel_presets.json");
  return Json::parse(file);
}

class RecordingFeature : public testing::TestWithParam<std::size_t> {};

TEST_P(RecordingFeature, EqualsTheLibraryThatThePresetIsNamedAfter) {
  const Json expected = reference_cases().at(GetParam());
  Json field = expected.at("fields");
  field["preset"] = expected.at("preset");
  const Bytes flac = bytes_of(read_file(WEFT_SOURCE_DIR "/tests/reference/log_mel_presets.flac"));
  const Feature found = recording_feature(flac, options_of(field), "v");
  ASSERT_EQ(found.values.sizes[0], expected.at("count").get<std::int64_t>());
  const auto kept = expected.at("kept").get<std::vector<std::size_t>>();
  const auto frames = expected.at("frames").get<std::vector<std::vector<double>>>();
  const auto mels = static_cast<std::size_t>(found.values.sizes[1]);
  ASSERT_EQ(mels, frames.at(0).size());
  const bool is_power = expected.at("preset") == "torchaudio";
  for (std::size_t i = 0; i < kept.size(); ++i) {
    for (std::size_t m = 0; m < mels; ++m) {
      const double value = is_power ? std::log(frames[i][m] + 1e-6) : frames[i][m];
      ASSERT_NEAR(found.values.data<float>()[kept[i] * mels + m], value, 1e-4)
          << expected.at("source") << ", frame " << kept[i] << ", band " << m;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, RecordingFeature,
                         testing::Range(std::size_t{0}, reference_cases().size()));

TEST(RecordingFeatureFrames, OfWhisperAreAsManyAsAskedAndCountTheRecordingsOwn) {
  const RecordingOptions options = options_of({{"preset", "whisper"}, {"frames", 10}});
  for (const auto& [samples, frames] :
       std::vector<std::pair<std::size_t, std::int64_t>>{{1, 1}, {160, 1}, {161, 2}, {4000, 25}}) {
    const std::vector<std::int16_t> sound(samples, 900);
    const Feature found = recording_feature(bytes_of(wav(16000, 1, sound)), options, "v");
    EXPECT_THAT(found.values.sizes, ElementsAre(10, 80)) << samples;
    EXPECT_EQ(found.frames, frames) << samples;
  }
}

TEST(RecordingFeatureNormalised, PerMelHasMeanZeroAndDeviationOneOverTheFramesOfItsField) {
  const Bytes flac = bytes_of(read_file(WEFT_SOURCE_DIR "/tests/reference/log_mel_presets.flac"));
  const Json field = {{"preset", "torchaudio"}, {"mels", 40}, {"frames", 90}};
  Json per_mel = field;
  per_mel["normalize"] = "per_mel";
  const Feature raw = recording_feature(flac, options_of(field), "v");
  const Feature found = recording_feature(flac, options_of(per_mel), "v");
  ASSERT_EQ(found.values.sizes, raw.values.sizes);
  ASSERT_EQ(found.frames, 161);
  const auto at = [](const Feature& feature, std::size_t t, std::size_t m) {
    return static_cast<double>(feature.values.data<float>()[t * 40 + m]);
  };
  for (std::size_t m = 0; m < 40; ++m) {
    double mean = 0, square = 0;
    for (std::size_t t = 0; t < 90; ++t) mean += at(raw, t, m) / 90;
    for (std::size_t t = 0; t < 90; ++t) square += std::pow(at(raw, t, m) - mean, 2) / 90;
    for (std::size_t t = 0; t < 161; ++t) {
      ASSERT_NEAR(at(found, t, m), (at(raw, t, m) - mean) / (std::sqrt(square) + 1e-5), 1e-5);
    }
  }
}

TEST(RecordingFeatureNormalised, PerMelOfSilenceIsZero) {
  const RecordingOptions options =
      options_of({{"preset", "torchaudio"}, {"normalize", "per_mel"}, {"frames", 90}});
  const Bytes silence = bytes_of(wav(16000, 1, std::vector<std::int16_t>(4000, 0)));
  const Feature found = recording_feature(silence, options, "v");
  for (std::int64_t i = 0; i < found.values.count(); ++i) {
    ASSERT_NEAR(found.values.data<float>()[i], 0, 1e-3);
  }
}

TEST(RecordingFeatureFrames, OfTorchaudioAreThoseOfTheRecording) {
  const RecordingOptions options = options_of({{"preset", "torchaudio"}, {"frames", 10}});
  const std::vector<std::int16_t> sound(4000, 900);
  const Feature found = recording_feature(bytes_of(wav(16000, 1, sound)), options, "v");
  EXPECT_THAT(found.values.sizes, ElementsAre(21, 128));
  EXPECT_EQ(found.frames, 21);
}

}  // namespace
}  // namespace weft::host
