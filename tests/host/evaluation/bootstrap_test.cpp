// SPDX-License-Identifier: Apache-2.0
#include "host/evaluation/bootstrap.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace weft::test {
namespace {

using host::MetricInterval;
using Counts = std::vector<std::int64_t>;

host::MetricIntervals bootstrap(std::size_t rows, std::int64_t drawings, std::uint64_t seed,
                                const host::ComputeDrawing& compute) {
  return host::intervals_of(host::draw_values(rows, drawings, seed, compute), drawings);
}

/// The interval of the mean.
MetricInterval of_mean(const std::vector<double>& values, std::int64_t drawings,
                       std::uint64_t seed) {
  return bootstrap(values.size(), drawings, seed,
                   [&](const Counts& counts) {
                     double sum = 0;
                     for (std::size_t i = 0; i < values.size(); ++i)
                       sum += static_cast<double>(counts[i]) * values[i];
                     return std::map<std::string, double>{
                         {"mean", sum / static_cast<double>(values.size())}};
                   })
      .at("mean");
}

// Of 1,000 samples of 120 numbers each, 93 to 97 % of the intervals hold the true mean, both where
// the distribution is even and where it is skewed.
TEST(Bootstrap, CoversAsOftenAsItSays) {
  for (const bool is_skewed : {false, true}) {
    std::mt19937_64 engine(is_skewed ? 5 : 4);
    int covered = 0;
    constexpr int k_samples = 1000;
    for (int sample = 0; sample < k_samples; ++sample) {
      std::vector<double> values;
      for (int i = 0; i < 120; ++i) {
        const double unit = (static_cast<double>(engine() >> 11U) + 0.5) * 0x1p-53;
        values.push_back(is_skewed ? (unit < 0.3 ? 1 : 0) : unit);
      }
      const MetricInterval interval = of_mean(values, 400, static_cast<std::uint64_t>(sample));
      const double truth = is_skewed ? 0.3 : 0.5;
      covered += interval.low <= truth && truth <= interval.high ? 1 : 0;
    }
    EXPECT_GE(covered, 0.93 * k_samples) << is_skewed;
    EXPECT_LE(covered, 0.97 * k_samples) << is_skewed;
  }
}

TEST(Bootstrap, IsAsWideAsTheTheorySays) {
  std::vector<double> values(400);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? 0 : 1;
  const MetricInterval interval = of_mean(values, 4000, 1);
  const double deviation = 0.5 / std::sqrt(400.0);
  EXPECT_NEAR(interval.low, 0.5 - 1.96 * deviation, 0.1 * deviation);
  EXPECT_NEAR(interval.high, 0.5 + 1.96 * deviation, 0.1 * deviation);
}

TEST(Bootstrap, FollowsFromItsSeed) {
  const std::vector<double> values{1, 2, 3, 5, 8, 13};
  const MetricInterval one = of_mean(values, 50, 7), same = of_mean(values, 50, 7),
                       other = of_mean(values, 50, 8);
  EXPECT_EQ(one.low, same.low);
  EXPECT_EQ(one.high, same.high);
  EXPECT_NE(one.low + one.high, other.low + other.high);
}

TEST(Bootstrap, DrawsAsManyRowsAsThereAre) {
  const Counts counts = host::draw_rows(100, 1, 0);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}), 100);
  EXPECT_GT(*std::max_element(counts.begin(), counts.end()), 1);
  EXPECT_NE(counts, host::draw_rows(100, 1, 1));
}

TEST(Bootstrap, LeavesOutWhatIsNoNumber) {
  int call = 0;
  const auto intervals = bootstrap(4, 20, 1, [&](const Counts&) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    return std::map<std::string, double>{{"often", ++call % 2 == 0 ? none : 3.0}, {"never", none}};
  });
  EXPECT_EQ(intervals.at("often").low, 3.0);
  EXPECT_EQ(intervals.at("often").high, 3.0);
  EXPECT_TRUE(std::isnan(intervals.at("never").low));
}

}  // namespace
}  // namespace weft::test
