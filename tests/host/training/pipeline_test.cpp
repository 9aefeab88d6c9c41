// SPDX-License-Identifier: Apache-2.0
#include "host/training/pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <random>

namespace weft::test {
namespace {

using ::testing::ElementsAre;
using Numbers = std::vector<double>;

double seconds_of(const Numbers& seconds, const Numbers& crossing, std::size_t first,
                  std::size_t end) {
  double sum = first > 0 ? crossing[first] : 0.0;
  for (std::size_t i = first; i < end; ++i) sum += seconds[i];
  return sum + (end < seconds.size() ? crossing[end] : 0.0);
}

double slowest_of(const Numbers& seconds, const Numbers& crossing,
                  const std::vector<std::size_t>& cut) {
  double slowest = 0.0;
  for (std::size_t part = 0; part < cut.size(); ++part)
    slowest = std::max(slowest, seconds_of(seconds, crossing, cut[part],
                                           part + 1 < cut.size() ? cut[part + 1] : seconds.size()));
  return slowest;
}

/// Of every way to cut the nodes from `first` on.
double best_of_all(const Numbers& seconds, const Numbers& crossing, std::size_t first,
                   std::size_t parts) {
  if (parts == 1) return seconds_of(seconds, crossing, first, seconds.size());
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t end = first + 1; end + parts - 1 <= seconds.size(); ++end)
    best = std::min(best, std::max(seconds_of(seconds, crossing, first, end),
                                   best_of_all(seconds, crossing, end, parts - 1)));
  return best;
}

TEST(BestCut, IsThatOfAllCuts) {
  std::mt19937 random(17);
  const auto below = [&](unsigned most) { return static_cast<double>(random() % most); };
  for (int trial = 0; trial < 200; ++trial) {
    const std::size_t nodes = 4 + random() % 7, ranks = 1 + random() % 4;
    Numbers seconds, crossing;
    for (std::size_t i = 0; i < nodes; ++i) {
      seconds.push_back(1.0 + below(100));
      crossing.push_back(below(20));
    }
    const std::vector<std::size_t> cut = host::best_cut(seconds, crossing, ranks);
    ASSERT_EQ(cut.size(), ranks);
    EXPECT_EQ(cut[0], 0U);
    EXPECT_TRUE(std::ranges::is_sorted(cut, std::less_equal<>()) || ranks == 1);
    EXPECT_DOUBLE_EQ(slowest_of(seconds, crossing, cut), best_of_all(seconds, crossing, 0, ranks));
  }
}

TEST(BestCut, GivesEachRankANode) {
  EXPECT_THAT(host::best_cut({100, 0, 0}, {0, 0, 0}, 3), ElementsAre(0, 1, 2));
}

TEST(OneForwardOneBackward, TakesTurnsAfterTheRanksBehind) {
  EXPECT_THAT(host::one_forward_one_backward(0, 3, 4), ElementsAre(1, 2, 3, -1, 4, -2, -3, -4));
  EXPECT_THAT(host::one_forward_one_backward(2, 3, 4), ElementsAre(1, -1, 2, -2, 3, -3, 4, -4));
  EXPECT_THAT(host::one_forward_one_backward(0, 3, 1), ElementsAre(1, -1));
  for (int rank = 0; rank < 4; ++rank) {
    int alive = 0, most = 0;
    for (const int task : host::one_forward_one_backward(rank, 4, 9))
      most = std::max(most, alive += task > 0 ? 1 : -1);
    EXPECT_EQ(most, 4 - rank);
  }
}

// Equal ranks, M micro-batches: (M + ranks - 1) times forward and backward (Narayanan et al.).
TEST(Forecast, OfEqualRanksIsTheFormula) {
  for (const int ranks : {1, 2, 4})
    for (const int micro : {1, 4, 16}) {
      const Numbers forward(static_cast<std::size_t>(ranks), 1.0),
          backward(static_cast<std::size_t>(ranks), 2.0);
      EXPECT_DOUBLE_EQ(host::forecast(forward, backward, micro), 3.0 * (micro + ranks - 1));
    }
}

TEST(Forecast, OfManyMicroBatchesIsTheSlowestRank) {
  const double step = host::forecast({1, 3, 2}, {2, 6, 4}, 1000);
  EXPECT_NEAR(step / (1000 * 9.0), 1.0, 0.01);
}

}  // namespace
}  // namespace weft::test
