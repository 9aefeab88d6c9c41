// SPDX-License-Identifier: Apache-2.0
#include "host/data/image/visual_tokens.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <set>

#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using testing::ElementsAre;

/// `each` points around every corner of a square of edge 10, one corner after the other in turn.
std::vector<float> corners(int each) {
  RandomSequence random({1});
  std::vector<float> points;
  for (int i = 0; i < 4 * each; ++i) {
    points.push_back(static_cast<float>(i % 2 * 10) + random.within(1));
    points.push_back(static_cast<float>(i / 2 % 2 * 10) + random.within(1));
  }
  return points;
}

std::vector<std::int64_t> encoded(const VisualTokens& tokens, const std::vector<float>& patches) {
  std::vector<std::int64_t> numbers(patches.size() / static_cast<std::size_t>(tokens.width()));
  tokens.encode(patches, numbers);
  return numbers;
}

TEST(VisualTokens, FindTheClustersThatAreThere) {
  const std::vector<float> points = corners(50);
  const VisualTokens tokens = VisualTokens::learn(points, 2, 4);
  const std::vector<std::int64_t> numbers = encoded(tokens, points);
  EXPECT_EQ(std::set(numbers.begin(), numbers.begin() + 4).size(), 4U);
  for (std::size_t i = 4; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], numbers[i - 4]) << i;
  EXPECT_THAT(encoded(tokens, {-3, -3, 14, 9}), ElementsAre(numbers[0], numbers[3]));
}

TEST(VisualTokens, IterationsEndWhereEachCentroidIsTheMeanOfItsPatches) {
  RandomSequence random({2});
  std::vector<float> points(600);
  for (float& value : points) value = random.within(1);
  const VisualTokens tokens = VisualTokens::learn(points, 3, 5);
  Record record;
  tokens.put(record);
  record.number();
  const std::string bytes = record.text();
  std::vector<float> centroids(15);
  std::memcpy(centroids.data(), bytes.data(), bytes.size());
  const std::vector<std::int64_t> numbers = encoded(tokens, points);
  for (std::size_t i = 0; i < numbers.size(); ++i) {  // nearest, by the definition
    std::size_t best = 0;
    double least = 1e9;
    for (std::size_t c = 0; c < 5; ++c) {
      double distance = 0;
      for (std::size_t e = 0; e < 3; ++e)
        distance += std::pow(static_cast<double>(points[3 * i + e] - centroids[3 * c + e]), 2);
      if (distance < least) least = distance, best = c;
    }
    ASSERT_EQ(static_cast<std::size_t>(numbers[i]), best);
  }
  for (std::size_t c = 0; c < 5; ++c) {
    double sum[3] = {}, count = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (static_cast<std::size_t>(numbers[i]) != c) continue;
      ++count;
      for (std::size_t e = 0; e < 3; ++e) sum[e] += static_cast<double>(points[3 * i + e]);
    }
    for (std::size_t e = 0; e < 3; ++e)
      EXPECT_NEAR(static_cast<double>(centroids[3 * c + e]), sum[e] / count, 0.02);
  }
}

TEST(VisualTokens, TheSamePatchesGiveTheSameTokensAndARecordKeepsThem) {
  const std::vector<float> points = corners(300);
  const VisualTokens a = VisualTokens::learn(points, 2, 32), b = VisualTokens::learn(points, 2, 32);
  Record of_a, of_b;
  a.put(of_a);
  b.put(of_b);
  EXPECT_EQ(of_a.bytes(), of_b.bytes());
  Record kept(of_a.bytes());
  EXPECT_EQ(encoded(VisualTokens::take(kept), points), encoded(a, points));
  Record other("no tokens at all");
  EXPECT_THROW(VisualTokens::take(other), std::out_of_range);
}

TEST(VisualTokens, PatchesAreCutRowByRowAndChannelByChannel) {
  std::vector<float> picture(16);
  for (std::size_t i = 0; i < 16; ++i) picture[i] = static_cast<float>(i);
  ImageOptions image;
  image.height = 2, image.width = 4, image.channels = 2;
  EXPECT_THAT(cut_patches(picture.data(), image, 2),
              ElementsAre(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15));
}

TEST(VisualTokens, RefuseMoreTokensThanThereAreDifferentPatches) {
  const auto [exit, sentence] = test::error_of([] {
    VisualTokens::learn(std::vector<float>{1, 2, 1, 2, 2, 1}, 1, 3);
  });
  EXPECT_EQ(exit, Exit::bad_data);
  EXPECT_EQ(sentence,
            "The training part has only 2 different patches, but visual_tokens asks for 3. Lower "
            "vocab, or make the patches larger.");
}

}  // namespace
}  // namespace weft::host
