// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "host/data/audio/decode_audio.hpp"
#include "host/data/video/video.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::bytes_of;
using test::read_file;
using testing::ElementsAre;

Bytes clip(const std::string& name) {
  return bytes_of(read_file(WEFT_SOURCE_DIR "/tests/host/data/video/" + name));
}

/// The number of the picture, which tests/host/data/video/make.sh gave it by its brightness.
int number_of(const Image& picture) {
  const double sum = std::accumulate(picture.pixels.begin(), picture.pixels.end(), 0.0);
  const double grey = sum / static_cast<double>(picture.pixels.size());
  return static_cast<int>(std::lround((grey * 219 / 255 + 16 - 20) / 10));
}

struct Numbers {
  std::vector<int> pictures;
  std::int64_t count = 0;
};

Numbers numbers(const Bytes& bytes, int frames, double fps = 0) {
  const Video video = decode_video(bytes, {{1, 12, 16}, frames, fps}, "v");
  Numbers found{{}, video.count};
  for (const Image& picture : video.pictures) found.pictures.push_back(number_of(picture));
  return found;
}

std::vector<int> up_to(int count) {
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

class Clip : public testing::TestWithParam<const char*> {};

/// All have 20 pictures, 10 a second.
INSTANTIATE_TEST_SUITE_P(Formats, Clip,
                         testing::Values("b_frames.mp4", "keys.mp4", "keys.mov", "open_gop.mp4",
                                         "open_gop_h264.mp4", "mpeg4.mp4", "vp8.webm", "vp9.webm",
                                         "av1.mp4", "av1.webm", "size.mkv"));

TEST_P(Clip, GivesEachPictureInTurn) {
  EXPECT_EQ(numbers(clip(GetParam()), 20).pictures, up_to(20));
  EXPECT_EQ(numbers(clip(GetParam()), 20, 10).pictures, up_to(20));
}

TEST_P(Clip, GivesThePicturesSeenAtTheMiddlesOfEvenParts) {
  EXPECT_THAT(numbers(clip(GetParam()), 1).pictures, ElementsAre(10));
  EXPECT_THAT(numbers(clip(GetParam()), 4).pictures, ElementsAre(2, 7, 12, 17));
  const Numbers found = numbers(clip(GetParam()), 40);
  ASSERT_EQ(found.pictures.size(), 40U);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(found.pictures[static_cast<std::size_t>(i)], i / 2);
  EXPECT_EQ(found.count, 40);
}

TEST_P(Clip, GivesAPictureForEachStepOfTime) {
  const Numbers all = numbers(clip(GetParam()), 50, 4);
  EXPECT_THAT(all.pictures, ElementsAre(0, 2, 5, 7, 10, 12, 15, 17));
  EXPECT_EQ(all.count, 8);
  const Numbers some = numbers(clip(GetParam()), 3, 2.5);
  EXPECT_THAT(some.pictures, ElementsAre(0, 4, 8));
  EXPECT_EQ(some.count, 5);
  const Numbers one = numbers(clip(GetParam()), 9, 0.01);
  EXPECT_THAT(one.pictures, ElementsAre(0));
  EXPECT_EQ(one.count, 1);
}

TEST(DecodeVideo, GoesByTimeStampsAndNotByCounting) {
  // 0, 0.1, 0.5, 0.6 and 1.5 s. The Matroska file says that the last is seen for 0.1 s; the MP4
  // does not say, so it is taken to be seen for 0.9 s, as long as the one before.
  EXPECT_THAT(numbers(clip("vfr.mkv"), 16, 10).pictures,
              ElementsAre(0, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4));
  EXPECT_THAT(numbers(clip("vfr.mkv"), 4).pictures, ElementsAre(1, 3, 3, 3));
  EXPECT_THAT(numbers(clip("vfr.mp4"), 18, 10).pictures,
              ElementsAre(0, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4));
  EXPECT_THAT(numbers(clip("vfr.mp4"), 4).pictures, ElementsAre(1, 3, 4, 4));
}

TEST(DecodeVideo, WhatIsNotNeededIsNotDecoded) {
  std::string file = read_file(WEFT_SOURCE_DIR "/tests/host/data/video/keys.mp4");
  const std::size_t content = file.find("mdat") + 4;
  // The first packet is x264's note of 700 bytes and the first key picture.
  std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(content), 720, '\x55');
  EXPECT_THAT(numbers(bytes_of(file), 1).pictures, ElementsAre(10));
  const auto [exit, text] = test::error_of([&] { numbers(bytes_of(file), 20); });
  EXPECT_EQ(exit, Exit::bad_data);
}

/// The brightness at the middles of the upper, lower, left and right edge, as dark or bright.
std::string edges(const Image& image) {
  const auto at = [&](int y, int x) {
    return image.pixels[static_cast<std::size_t>(y * image.width + x)] > 120 ? 'B' : 'd';
  };
  const int middle_y = image.height / 2 - 1, middle_x = image.width / 2 - 1;
  return {at(0, middle_x), at(image.height - 1, middle_x), at(middle_y, 0),
          at(middle_y, image.width - 1)};
}

TEST(DecodeVideo, IsTurnedAsTheFileSays) {
  const auto edges_of = [](const char* name) {
    const Video video = decode_video(clip(name), {{1, 16, 12}, 1, 0}, "v");
    EXPECT_EQ(video.pictures.at(0).height, 16);
    EXPECT_EQ(video.pictures.at(0).width, 12);
    return edges(video.pictures.at(0));
  };
  // By quarters against the clock, as FFmpeg 5.1 writes them and plays them.
  EXPECT_EQ(edges_of("turned_90.mp4").substr(0, 2), "Bd");
  EXPECT_EQ(edges_of("turned_180.mp4").substr(2, 2), "Bd");
  EXPECT_EQ(edges_of("turned_270.mp4").substr(0, 2), "dB");
}

TEST(DecodeVideo, ColoursGoByTheSpaceThatTheFileNames) {
  for (const char* name : {"red_bt709.mp4", "red_smpte170m.mp4"}) {
    const Video video = decode_video(clip(name), {{3, 2, 2}, 1, 0}, "v");
    const std::vector<std::uint8_t>& pixels = video.pictures.at(0).pixels;
    EXPECT_NEAR(pixels[0], 255, 4) << name;
    EXPECT_NEAR(pixels[1], 0, 4) << name;
    EXPECT_NEAR(pixels[2], 0, 4) << name;
  }
}

TEST(VideoFeature, IsNormalisedWithChannelsFirst) {
  VideoOptions options;
  options.picture.height = options.picture.width = 2;
  options.picture.channels = 3;
  options.picture.mean = {0.5F, 0, 0};
  options.picture.std = {0.25F, 1, 1};
  options.frames = 3;
  options.fps = 10;
  const Feature found = video_feature(clip("keys.mp4"), options, "v");
  EXPECT_THAT(found.values.sizes, ElementsAre(3, 3, 2, 2));
  EXPECT_EQ(found.frames, 20);
  const float* const values = found.values.data<float>();
  for (int t = 0; t < 3; ++t) {
    const double level = (20 + 10 * t - 16) / 219.0;
    EXPECT_NEAR(values[t * 12], (level - 0.5) / 0.25, 0.05) << t;
    EXPECT_NEAR(values[t * 12 + 4], level, 0.012) << t;
  }
}

/// The loudness of the samples [begin, end), which are given in seconds.
double loudness(const Audio& audio, double begin, double end) {
  double squares = 0;
  const auto first = static_cast<std::size_t>(begin * audio.rate);
  const auto last = static_cast<std::size_t>(end * audio.rate);
  for (std::size_t i = first; i < last; ++i)
    squares += std::pow(static_cast<double>(audio.samples.at(i)), 2);
  return std::sqrt(squares / static_cast<double>(last - first));
}

TEST(DecodeAudioOfVideo, BeginsWhereItsPicturesBegin) {
  for (const char* name : {"sound.mp4", "sound_mp3.mp4", "sound.webm", "sound_vorbis.webm"}) {
    const Audio audio = decode_audio(clip(name), 16000, "v");
    EXPECT_NEAR(static_cast<double>(audio.samples.size()) / 16000, 0.8, 0.06) << name;
    EXPECT_LT(loudness(audio, 0, 0.27), 0.004) << name;
    EXPECT_NEAR(loudness(audio, 0.34, 0.76), 0.088, 0.01) << name;
  }
}

TEST(DecodeVideo, WithItsSoundGivesThePictures) {
  for (const char* name : {"sound.mp4", "sound.webm"})
    EXPECT_EQ(numbers(clip(name), 10).pictures, up_to(10)) << name;
}

}  // namespace
}  // namespace weft::host
