// SPDX-License-Identifier: Apache-2.0
#include "host/data/audio/audio_options.hpp"
#include "host/data/audio/augment_audio.hpp"
#include "host/data/image/augment_image.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

namespace weft::host {
namespace {

using testing::Each;
using testing::ElementsAre;

TEST(RandomSequence, IsTheSameEverywhere) {
  // The first outputs of SplitMix64 are fixed; these pin the seeding as well, because resumed runs
  // depend on it.
  RandomSequence a({1, 2}), b({1, 2}), c({2, 1});
  const std::uint64_t first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const float value = a.unit();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += static_cast<double>(value);
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

ImageOptions image_options(int side) {
  ImageOptions options;
  options.height = options.width = side;
  options.mean = {0.5F};
  options.std = {0.25F};
  return options;
}

TEST(AugmentImage, WithoutOptionsIsACopy) {
  std::vector<float> from(9), to(9);
  std::iota(from.begin(), from.end(), 0.0F);
  RandomSequence random({1});
  augment_image(from.data(), to.data(), image_options(3), random);
  EXPECT_EQ(from, to);
}

TEST(AugmentImage, AQuarterTurnIsExact) {
  // Rotations are drawn, so the draw that gives 90 degrees is looked for backwards: rotating by the
  // angle that this seed draws from ±reach, with the reach chosen to make it 90.
  const float drawn = RandomSequence({7}).within(1);
  ImageOptions options = image_options(3);
  options.rotate = 90 / std::abs(drawn);
  const std::vector<float> from = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  std::vector<float> to(9);
  RandomSequence random({7});
  augment_image(from.data(), to.data(), options, random);
  const std::vector<float> clockwise = {7, 4, 1, 8, 5, 2, 9, 6, 3};
  const std::vector<float> anticlockwise = {3, 6, 9, 2, 5, 8, 1, 4, 7};
  const std::vector<float>& expected = drawn > 0 ? clockwise : anticlockwise;
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(to[i], expected[i], 1e-4) << i;
}

TEST(AugmentImage, WhatComesInFromOutsideIsBlack) {
  ImageOptions options = image_options(4);
  options.shift = 4;
  const std::vector<float> white(16, 2.0F);  // (1 - 0.5) / 0.25
  std::vector<float> to(16);
  bool has_black = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RandomSequence random({seed});
    augment_image(white.data(), to.data(), options, random);
    for (const float value : to) {
      EXPECT_GE(value, -2.0001F);
      EXPECT_LE(value, 2.0001F);
      has_black = has_black || std::abs(value + 2) < 1e-4F;
    }
  }
  EXPECT_TRUE(has_black);
}

TEST(AugmentImage, ScalingKeepsTheMiddle) {
  ImageOptions options = image_options(5);
  options.scale = 0.5F;
  std::vector<float> from(25, 0.0F), to(25);
  from[12] = 1;
  RandomSequence random({3});
  augment_image(from.data(), to.data(), options, random);
  EXPECT_NEAR(to[12], 1, 1e-5);
  EXPECT_NEAR(to[11], to[13], 1e-5);
  EXPECT_NEAR(to[7], to[17], 1e-5);
}

class AugmentRecording : public testing::Test {
 protected:
  /// Frame t holds t + 1 in both mels.
  AugmentRecording() {
    options.spectrum.mels = 2;
    options.frames = 8;
    for (int t = 0; t < 6; ++t) from.insert(from.end(), 2, static_cast<float>(t + 1));
  }

  std::int64_t run(std::uint64_t seed, std::int64_t frames = 6) {
    RandomSequence random({seed});
    return augment_recording(from.data(), frames, frames, to.data(), options, random);
  }

  RecordingOptions options;
  std::vector<float> from, to = std::vector<float>(16, -1.0F);
};

TEST_F(AugmentRecording, WithoutOptionsIsACopyFilledWithZero) {
  EXPECT_EQ(run(1), 6);
  EXPECT_THAT(to, ElementsAre(1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 0, 0, 0, 0));
}

TEST_F(AugmentRecording, TheSilenceBehindARecordingMovesWithItAndIsNoPartOfIt) {
  options.shift = 2;
  options.noise = 1e-6F;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RandomSequence random({seed});
    const std::int64_t real = augment_recording(from.data(), 6, 4, to.data(), options, random);
    std::size_t sound = 0, silent = 0;  // where frame 5, the first of the silence, has come to
    while (sound < 8 && to[2 * sound] != 5) ++sound;
    while (silent < 8 && to[2 * silent] != 6) ++silent;
    ASSERT_EQ(sound, static_cast<std::size_t>(real)) << "without noise, unlike the real frames";
    ASSERT_EQ(silent, sound + 1);
    for (std::size_t t = silent + 1; t < 8; ++t) ASSERT_EQ(to[2 * t], 0);
  }
}

TEST_F(AugmentRecording, ShiftDelaysOrDropsFramesAndKeepsAtLeastHalf) {
  options.shift = 5;
  bool was_delayed = false, was_cut = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::int64_t real = run(seed);
    ASSERT_GE(real, 3);
    ASSERT_LE(real, 8);
    const auto first = static_cast<std::int64_t>(to[0]);
    if (first == 0) {
      was_delayed = true;
      std::size_t silent = 0;
      while (to[2 * silent] == 0) ++silent;
      EXPECT_EQ(to[2 * silent], 1) << "begins with the first frame";
      EXPECT_EQ(real, std::min<std::int64_t>(static_cast<std::int64_t>(silent) + 6, 8));
    } else {
      was_cut = was_cut || first > 1;
      EXPECT_EQ(real, 7 - first);
      EXPECT_LE(first, 4);
    }
  }
  EXPECT_TRUE(was_delayed);
  EXPECT_TRUE(was_cut);
}

TEST_F(AugmentRecording, MasksAreBandsOfZeroNoWiderThanAsked) {
  options.time_mask = 2;
  options.mel_mask = 1;
  bool has_time = false, has_mel = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(run(seed), 6);
    int empty_frames = 0;
    for (std::size_t t = 0; t < 6; ++t) empty_frames += to[2 * t] == 0 && to[2 * t + 1] == 0;
    EXPECT_LE(empty_frames, 2);
    has_time = has_time || empty_frames > 0;
    bool is_masked = false;
    for (std::size_t t = 0; t < 6; ++t)
      is_masked = is_masked || (to[2 * t] == 0) != (to[2 * t + 1] == 0);
    has_mel = has_mel || is_masked;
  }
  EXPECT_TRUE(has_time);
  EXPECT_TRUE(has_mel);
}

TEST_F(AugmentRecording, ThereAreAsManyMasksAsAskedAndNoneIsWiderThanItsPartOfTheRecording) {
  options.spectrum.mels = 20;
  options.frames = 40;
  options.time_mask = 30;
  options.time_masks = 2;
  options.time_mask_part = 0.25F;  // 5 of 20 frames
  options.mel_mask = 2;
  options.mel_masks = 3;
  from.assign(400, 1.0F);
  to.assign(800, -1.0F);
  std::size_t most_frames = 0, most_mels = 0;
  std::vector<int> seen(20, 0);  // by frame: how often it was blank
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    ASSERT_EQ(run(seed, 20), 20);
    std::size_t frames = 0, mels = 0;
    for (std::size_t t = 0; t < 20; ++t) {
      const bool is_blank = std::all_of(to.begin() + 20 * static_cast<std::ptrdiff_t>(t),
                                        to.begin() + 20 * static_cast<std::ptrdiff_t>(t + 1),
                                        [](float value) { return value == 0; });
      frames += is_blank ? 1 : 0;
      seen[t] += is_blank ? 1 : 0;
    }
    for (std::size_t m = 0; m < 20; ++m) {
      bool is_blank = true;
      for (std::size_t t = 0; t < 20; ++t) is_blank = is_blank && to[20 * t + m] == 0;
      mels += is_blank ? 1 : 0;
    }
    most_frames = std::max(most_frames, frames);
    most_mels = std::max(most_mels, mels);
  }
  EXPECT_EQ(most_frames, 10U);  // two masks of 5 side by side
  EXPECT_EQ(most_mels, 6U);     // three of 2
  EXPECT_THAT(seen, Each(testing::Gt(0)));
  options.time_masks = options.mel_masks = 0;
  run(1, 20);
  EXPECT_THAT(std::vector(to.begin(), to.begin() + 400), Each(1.0F));
}

TEST_F(AugmentRecording, NoiseHasItsDeviationAndSparesThePadding) {
  options.frames = 3000;
  options.noise = 0.5F;
  from.assign(4000, 0.0F);
  to.assign(6000, -1.0F);
  EXPECT_EQ(run(5, 2000), 2000);
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < 4000; ++i) {
    sum += static_cast<double>(to[i]);
    squares += static_cast<double>(to[i] * to[i]);
  }
  EXPECT_NEAR(sum / 4000, 0, 0.03);
  EXPECT_NEAR(std::sqrt(squares / 4000), 0.5, 0.03);
  EXPECT_THAT(std::vector(to.begin() + 4000, to.end()), Each(0.0F));
}

TEST_F(AugmentRecording, ARecordingLongerThanTheFieldIsCut) {
  options.frames = 4;
  to.assign(8, -1.0F);
  EXPECT_EQ(run(1), 4);
  EXPECT_THAT(to, ElementsAre(1, 1, 2, 2, 3, 3, 4, 4));
}

}  // namespace
}  // namespace weft::host
