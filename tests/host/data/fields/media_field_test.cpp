// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>
#include <set>
#include <span>

#include "host/data/audio/log_mel.hpp"
#include "host/data/dataset/dataset.hpp"
#include "host/data/fields/field.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::read_file;
using testing::ElementsAre;

constexpr int k_rate = 8000, k_hop = 80;

/// One second of a tone that grows, so that each frame is louder than the one before.
std::string growing_tone() {
  std::vector<std::int16_t> samples(k_rate);
  for (int n = 0; n < k_rate; ++n) {
    const double level = 100 * std::pow(200, n / static_cast<double>(k_rate));
    samples[static_cast<std::size_t>(n)] =
        static_cast<std::int16_t>(level * std::sin(2 * std::numbers::pi * n / 16));
  }
  return test::wav(k_rate, 1, samples);
}

class MediaFieldTest : public testing::Test {
 protected:
  MediaFieldTest() {
    const std::string clips = WEFT_SOURCE_DIR "/tests/host/data/video/";
    test::write_tar(folder.path("a.tar"), {{"a.mp4", read_file(clips + "sound.mp4")},
                                           {"a.wav", growing_tone()},
                                           {"b.mp4", read_file(clips + "keys.mp4")},
                                           {"b.wav", growing_tone()}});
  }

  Dataset open(const std::string& fields) {
    const std::string shards = "[\"" + folder.path("a.tar") + "\"]";
    return Dataset::open("d",
                         R"({"shards": {"train": )" + shards + R"(, "val": )" + shards +
                             R"(}, "fields": {)" + fields + "}}",
                         folder.path("cache"));
  }

  Batch first_of(const Dataset& dataset) {
    EvaluationStream stream(dataset, Split::val, 2, "");
    Batch batch;
    EXPECT_TRUE(stream.next(batch));
    return batch;
  }

  test::Folder folder;
};

TEST_F(MediaFieldTest, TheFirstMemberThatASampleHas) {
  const std::vector<std::uint8_t> dark(16, 0), light(16, 255);
  test::write_tar(folder.path("a.tar"), {{"a.jpeg", test::png(4, 4, 1, light)},
                                         {"b.png", test::png(4, 4, 1, dark)},
                                         {"b.jpeg", test::png(4, 4, 1, light)},
                                         {"c.txt", "no picture"}});
  const std::string field = R"("p": {"kind": "image", "member": "jpg;png;jpeg", "size": [4, 4],
                                    "channels": 1, "optional": true})";
  for (const char* more : {"", R"(, "t": {"kind": "class", "member": "cls;txt", "optional": true,
                                          "classes": ["no picture"]})"}) {
    EvaluationStream stream(open(field + more), Split::val, 3, "");
    Batch batch;
    ASSERT_TRUE(stream.next(batch));
    EXPECT_THAT(std::span(batch.fields.at("p_present").data<bool>(), 3),
                ElementsAre(true, true, false));
    const auto* pixels = batch.fields.at("p").data<float>();
    EXPECT_EQ(pixels[0], 1) << "the JPEG of a, which has no PNG";
    EXPECT_EQ(pixels[16], 0) << "the PNG of b comes first";
    if (*more == 0) continue;
    EXPECT_THAT(std::span(batch.fields.at("t_present").data<bool>(), 3),
                ElementsAre(false, false, true));
  }
  test::write_tar(folder.path("a.tar"), {{"a.jpeg", "x"}});
  EXPECT_THAT(test::error_of([&] {
                first_of(open(R"("p": {"kind": "image", "member": "jpg;jpeg", "size": [4, 4]})"));
              }).second,
              testing::HasSubstr("sample a: p.jpeg cannot be decoded"));
  EXPECT_THAT(test::error_of([&] {
                open(R"("p": {"kind": "image", "member": "jpg;", "size": [4, 4]})");
              }).second,
              testing::HasSubstr("p/member: expected a member such as png, or several such as "
                                 "jpg;jpeg;png, found \"jpg;\""));
}

TEST_F(MediaFieldTest, AVideoIsFilledUpAndItsMaskSaysHowFar) {
  const Dataset dataset =
      open(R"("clip": {"kind": "video", "size": [6, 8], "frames": 15, "fps": 10})");
  const Batch batch = first_of(dataset);
  const Array& clip = batch.fields.at("clip");
  EXPECT_THAT(clip.sizes, ElementsAre(2, 15, 1, 6, 8));
  const bool* const mask = batch.fields.at("clip_mask").data<bool>();
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(mask[i], i < 10) << i;  // sound.mp4 has ten pictures, keys.mp4 twenty
    EXPECT_TRUE(mask[15 + i]) << i;
    const float first = clip.data<float>()[i * 48], second = clip.data<float>()[(15 + i) * 48];
    const double level = (20 + 10 * i - 16) / 219.0;
    EXPECT_NEAR(first, i < 10 ? level : 0, 0.02) << i;
    EXPECT_NEAR(second, level, 0.02) << i;
  }
  const Truncation cut = dataset.truncated().at("clip");
  EXPECT_EQ(cut.cut, 1);
  EXPECT_EQ(cut.longest, 20);
}

TEST_F(MediaFieldTest, PicturesAndSoundOfOneVideoAreTwoFields) {
  const Batch batch =
      first_of(open(R"("clip": {"kind": "video", "size": [6, 8], "frames": 4, "sample": "uniform",
                       "channels": 3}, "voice": {"kind": "log_mel", "rate": 8000, "fft": 256,
                       "hop": 80, "mels": 8, "frames": 100, "member": "wav"})"));
  EXPECT_THAT(batch.fields.at("clip").sizes, ElementsAre(2, 4, 3, 6, 8));
  EXPECT_THAT(batch.fields.at("voice").sizes, ElementsAre(2, 100, 8));
}

TEST(MediaFieldSpecs, OfAVideo) {
  const std::vector<FieldSpec> specs = field_specs(
      R"({"fields": {"clip": {"kind": "video", "size": [6, 8], "frames": 4, "fps": 2}}})");
  ASSERT_EQ(specs.size(), 2U);
  EXPECT_THAT(specs[0].sizes, ElementsAre(4, 1, 6, 8));
  EXPECT_EQ(specs[0].mask, "clip_mask");
  EXPECT_THAT(specs[1].sizes, ElementsAre(4));
  EXPECT_EQ(specs[1].dtype, DType::boolean);
}

std::string voice(const std::string& cut, int frames) {
  return R"("voice": {"kind": "log_mel", "rate": 8000, "fft": 256, "hop": 80, "mels": 8, "frames": )" +
         std::to_string(frames) + (cut.empty() ? "" : R"(, "crop": ")" + cut + '"') + "}";
}

/// All frames of the recording's band with the tone: 101, each above the one before.
std::vector<float> whole_band(const Batch& batch, std::int64_t row, std::int64_t frames) {
  std::vector<float> band;
  const float* const values = batch.fields.at("voice").data<float>() + row * frames * 8;
  for (std::int64_t t = 0; t < frames; ++t) band.push_back(values[t * 8 + 1]);
  return band;
}

TEST_F(MediaFieldTest, CutSaysWhichFramesStay) {
  const std::vector<float> whole = whole_band(first_of(open(voice("", 101))), 0, 101);
  const auto part = [&](std::ptrdiff_t begin, std::ptrdiff_t count) {
    return std::vector<float>(whole.begin() + begin, whole.begin() + begin + count);
  };
  EXPECT_EQ(whole_band(first_of(open(voice("", 20))), 0, 20), part(0, 20));
  EXPECT_EQ(whole_band(first_of(open(voice("end", 20))), 0, 20), part(0, 20));
  EXPECT_EQ(whole_band(first_of(open(voice("middle", 21))), 0, 21), part(40, 21));
  EXPECT_EQ(whole_band(first_of(open(voice("middle", 20))), 0, 20), part(41, 20));
  EXPECT_EQ(whole_band(first_of(open(voice("random", 20))), 0, 20), part(0, 20));
}

TEST_F(MediaFieldTest, ARandomCutIsAWholePartAnywhereWhileTraining) {
  const std::vector<float> whole = whole_band(first_of(open(voice("", 101))), 0, 101);
  const Dataset dataset = open(voice("random", 99));
  std::set<std::ptrdiff_t> begins;
  TrainingStream stream(dataset, 2, 5);
  for (int step = 0; step < 20; ++step) {
    const Batch batch = stream.next();
    for (std::int64_t row = 0; row < 2; ++row) {
      const std::vector<float> found = whole_band(batch, row, 99);
      const auto begin = std::search(whole.begin(), whole.end(), found.begin(), found.end());
      ASSERT_NE(begin, whole.end());
      begins.insert(begin - whole.begin());
    }
  }
  EXPECT_THAT(begins, ElementsAre(0, 1, 2));
}

TEST(TrimmedSilence, LeavesWholeStepsAroundWhatIsHeard) {
  // 10 steps of silence, 8 of sound, 10 of silence. A frame of four steps hears the sound from two
  // steps before it to less than two behind it.
  std::vector<float> samples(28 * 512, 0.0F);
  std::fill(samples.begin() + 10 * 512, samples.begin() + 18 * 512, 0.5F);
  const std::span<const float> found = trimmed_silence(samples, 60);
  EXPECT_EQ(found.data() - samples.data(), 9 * 512);
  EXPECT_EQ(found.size(), 11U * 512);
}

TEST(TrimmedSilence, IsMeasuredAgainstTheLoudest) {
  std::vector<float> samples(40 * 512, 0.001F);  // 60 dB below 1
  std::fill(samples.begin() + 20 * 512, samples.begin() + 30 * 512, 1.0F);
  EXPECT_EQ(trimmed_silence(samples, 70).size(), samples.size());
  EXPECT_LT(trimmed_silence(samples, 50).size(), 14U * 512);
}

TEST(TrimmedSilence, KeepsARecordingThatIsSilentThroughout) {
  const std::vector<float> samples(700, 0.0F);
  EXPECT_EQ(trimmed_silence(samples, 40).size(), 700U);
}

TEST_F(MediaFieldTest, OptionalSoundOfASilentFilmIsAbsent) {
  // sound.mp4 has sound, keys.mp4 has none.
  const std::string field = R"("v": {"kind": "log_mel", "member": "mp4", "rate": 8000, "fft": 256,
      "hop": 80, "mels": 4, "frames": 5)";
  const Dataset dataset = open(field + R"(, "optional": true})");
  const Batch batch = first_of(dataset);
  const bool* const present = batch.fields.at("v_present").data<bool>();
  EXPECT_TRUE(present[0]);
  EXPECT_FALSE(present[1]);
  const std::span values(batch.fields.at("v").data<float>(), 2 * 5 * 4);
  EXPECT_THAT(values.subspan(20), testing::Each(0.0F));
  const std::span mask(batch.fields.at("v_mask").data<bool>(), 2 * 5);
  EXPECT_THAT(mask.first(5), testing::Each(true));
  EXPECT_THAT(mask.subspan(5), testing::Each(false));

  const auto [exit, sentence] = test::error_of([&] { first_of(open(field + "}")); });
  EXPECT_EQ(exit, Exit::bad_data);
  EXPECT_THAT(sentence, testing::HasSubstr("cannot be decoded: it is a video without sound."));
}

}  // namespace
}  // namespace weft::host
