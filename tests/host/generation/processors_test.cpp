// SPDX-License-Identifier: Apache-2.0
#include "host/generation/processors.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/base/random.hpp"

namespace weft::test {
namespace {

using namespace host;
using ::testing::ElementsAre;
constexpr float k_never = -std::numeric_limits<float>::infinity();

std::vector<float> some_logits(std::uint64_t seed, std::size_t count = 12) {
  RandomSequence random({seed});
  std::vector<float> logits;
  for (std::size_t i = 0; i < count; ++i) logits.push_back(random.within(4));
  return logits;
}

std::vector<double> softmax(const std::vector<float>& logits) {
  std::vector<double> all;
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  for (const float logit : logits) all.push_back(std::exp(static_cast<double>(logit)) / sum);
  return all;
}

TEST(Processors, RepetitionDividesAboveZeroAndMultipliesBelowOnce) {
  std::vector<float> logits{2, -2, 3, 0};
  penalize_repetition(logits, {0, 1, 0}, 2);
  EXPECT_THAT(logits, ElementsAre(1, -4, 3, 0));
}

// Against the definition: a token is forbidden where the text with it holds an n-gram twice.
TEST(Processors, NGramsDoNotComeAgain) {
  RandomSequence random({3});
  for (int trial = 0; trial < 200; ++trial) {
    Tokens written;
    for (std::uint64_t i = 0, length = random.below(9); i < length; ++i)
      written.push_back(static_cast<std::int64_t>(random.below(3)));
    for (std::int64_t size = 1; size <= 4; ++size) {
      std::vector<float> logits(3, 0.0F);
      forbid_repeated_ngrams(logits, written, size);
      for (std::int64_t token = 0; token < 3; ++token) {
        Tokens with = written;
        with.push_back(token);
        bool twice = false;
        for (std::int64_t at = 0; at + size < std::ssize(with); ++at)
          twice = twice || std::equal(with.end() - size, with.end(), with.begin() + at);
        EXPECT_EQ(logits[static_cast<std::size_t>(token)] == k_never, twice);
      }
    }
  }
}

TEST(Processors, TopKKeepsTheLargest) {
  std::vector<float> logits{1, 5, 3, 5, 0};
  keep_top_k(logits, 2);
  EXPECT_THAT(logits, ElementsAre(k_never, 5, k_never, 5, k_never));
  keep_top_k(logits, 9);
  EXPECT_EQ(logits[1], 5);
}

// The fewest tokens whose probability reaches p, found by trying every subset.
TEST(Processors, TopPKeepsTheSmallestSetThatReachesP) {
  for (std::uint64_t seed = 0; seed < 40; ++seed)
    for (const double p : {0.05, 0.5, 0.9}) {
      const std::vector<float> before = some_logits(seed, 8);
      const std::vector<double> shares = softmax(before);
      std::vector<float> logits = before;
      keep_top_p(logits, p);
      double kept = 0;
      std::size_t count = 0, fewest = 8;
      for (std::size_t i = 0; i < 8; ++i)
        if (logits[i] != k_never) kept += shares[i], ++count;
      for (unsigned subset = 1; subset < 256; ++subset) {
        double sum = 0;
        std::size_t size = 0;
        for (std::size_t i = 0; i < 8; ++i)
          if ((subset >> i & 1U) != 0) sum += shares[i], ++size;
        if (sum >= p) fewest = std::min(fewest, size);
      }
      EXPECT_GE(kept, p);
      EXPECT_EQ(count, fewest);
    }
}

TEST(Processors, MinPComparesWithTheBest) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const std::vector<float> before = some_logits(seed);
    const std::vector<double> shares = softmax(before);
    const double best = *std::ranges::max_element(shares);
    std::vector<float> logits = before;
    keep_min_p(logits, 0.2);
    for (std::size_t i = 0; i < logits.size(); ++i)
      EXPECT_EQ(logits[i] == k_never, shares[i] < 0.2 * best);
  }
}

TEST(Processors, WarpGoesFromTemperatureToTopP) {
  GenerationPlan plan;
  plan.temperature = 2;
  plan.top_k = 3;
  std::vector<float> logits{4, 2, 0, 6};
  warp(logits, plan);
  EXPECT_THAT(logits, ElementsAre(2, 1, k_never, 3));
  plan.top_k = 0;
  plan.top_p = 0.6;  // at temperature 2 the best alone has 0.64, at 1 even 0.86
  logits = {4, 2, 0, 6};
  warp(logits, plan);
  EXPECT_THAT(logits, ElementsAre(k_never, k_never, k_never, 3));
  plan.top_p = 0.7;
  logits = {4, 2, 0, 6};
  warp(logits, plan);
  EXPECT_THAT(logits, ElementsAre(2, k_never, k_never, 3));
}

TEST(Processors, ATextDoesNotEndBeforeItsLeastLength) {
  GenerationPlan plan;
  plan.min_length = 3;
  std::vector<float> logits{1, 2, 3};
  constrain(logits, {0, 1}, 2, plan);
  EXPECT_THAT(logits, ElementsAre(1, 2, k_never));
  logits = {1, 2, 3};
  constrain(logits, {0, 1, 1}, 2, plan);
  EXPECT_THAT(logits, ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace weft::test
