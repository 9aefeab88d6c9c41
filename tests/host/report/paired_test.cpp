// SPDX-License-Identifier: Apache-2.0
#include "host/report/paired.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

namespace weft::host {
namespace {

using Json = nlohmann::json;

/// Scores of rows, drawn anew: drawing i draws the same rows for every model.
class Rows {
 public:
  Rows(std::size_t rows, std::size_t drawings, std::uint64_t seed) : counts_(drawings) {
    std::mt19937_64 engine(seed);
    for (std::vector<int>& drawn : counts_) {
      drawn.assign(rows, 0);
      for (std::size_t i = 0; i < rows; ++i) ++drawn[engine() % rows];
    }
  }

  Measured of(const std::vector<double>& scores) const {
    const auto n = static_cast<double>(scores.size());
    Measured measured;
    for (const double score : scores) measured.value += score / n;
    for (const std::vector<int>& drawn : counts_) {
      double sum = 0;
      for (std::size_t i = 0; i < scores.size(); ++i) sum += drawn[i] * scores[i];
      measured.drawings.push_back(sum / n);
    }
    return measured;
  }

 private:
  std::vector<std::vector<int>> counts_;
};

Json reference() {
  return Json::parse(std::ifstream(WEFT_SOURCE_DIR "/tests/reference/paired.json"));
}

TEST(Paired, AgreesWithScipyOverRows) {
  const Json cases = reference().at("rows");
  for (const Json& one : cases) {
    const std::vector<double> a = one.at("first"), b = one.at("other");
    const Rows rows(a.size(), 20'000, 3);
    const PairedDifference found = paired_difference({rows.of(a)}, {rows.of(b)});
    const double width = one.at("high").get<double>() - one.at("low").get<double>();
    // The mean of zeros and ones moves in steps, at whose ends drawings decide.
    const bool is_whole = std::ranges::all_of(a, [](double x) { return x == 0 || x == 1; });
    const double step = is_whole ? 1.0 / static_cast<double>(a.size()) : 0.0;
    EXPECT_NEAR(found.difference, one.at("difference").get<double>(), 1e-12);
    EXPECT_NEAR(found.low, one.at("low").get<double>(), step + 0.03 * width);
    EXPECT_NEAR(found.high, one.at("high").get<double>(), step + 0.03 * width);
    EXPECT_NEAR(found.row_error, one.at("error").get<double>(), 0.03 * width);
    EXPECT_EQ(found.seed_error, 0);
  }
}

// Rows that all score the same leave the seeds alone: a t test.
TEST(Paired, AgreesWithScipyOverSeeds) {
  const auto measured = [](const std::vector<double>& values) {
    std::vector<Measured> all;
    for (const double value : values) all.push_back({value, std::vector<double>(40'000, value)});
    return all;
  };
  const Json cases = reference().at("seeds");
  for (const Json& one : cases) {
    const PairedDifference found =
        paired_difference(measured(one.at("first")), measured(one.at("other")));
    const double width = one.at("high").get<double>() - one.at("low").get<double>();
    EXPECT_NEAR(found.seed_error, one.at("error").get<double>(), 1e-12);
    EXPECT_NEAR(found.seed_degrees, one.at("degrees").get<double>(), 1e-9);
    EXPECT_NEAR(found.low, one.at("low").get<double>(), 0.05 * width);
    EXPECT_NEAR(found.high, one.at("high").get<double>(), 0.05 * width);
    EXPECT_NEAR(found.p, one.at("p").get<double>(), 0.02);
  }
}

TEST(Paired, HolmAsTheReferenceHasIt) {
  const Json cases = reference().at("holm");
  for (const Json& one : cases) {
    const std::vector<double> adjusted = holm(one.at("p"));
    for (std::size_t i = 0; i < adjusted.size(); ++i)
      EXPECT_NEAR(adjusted[i], one.at("adjusted")[i].get<double>(), 1e-12);
  }
  EXPECT_TRUE(holm({}).empty());
}

TEST(Paired, NormalQuantilesAsTheReferenceHasThem) {
  const Json cases = reference().at("normal");
  for (const auto& [probability, expected] : cases.items())
    EXPECT_NEAR(normal_quantile(std::stod(probability)), expected.get<double>(), 1e-9);
}

/// How often, of experiments without a difference, one is found at 5 %.
double false_positives(std::size_t seeds, bool has_seed_noise) {
  std::mt19937_64 engine(11);
  std::normal_distribution<double> noise;
  int found = 0;
  constexpr int k_experiments = 500;
  for (int experiment = 0; experiment < k_experiments; ++experiment) {
    const Rows rows(120, 300, static_cast<std::uint64_t>(experiment));
    std::vector<double> common(120);
    for (double& value : common) value = noise(engine);
    const auto model = [&] {
      std::vector<double> own(120);
      for (double& value : own) value = noise(engine);
      std::vector<Measured> runs;
      for (std::size_t seed = 0; seed < seeds; ++seed) {
        const double shift = has_seed_noise ? 0.3 * noise(engine) : 0;
        std::vector<double> scores;
        for (std::size_t i = 0; i < 120; ++i) scores.push_back(common[i] + 0.5 * own[i] + shift);
        runs.push_back(rows.of(scores));
      }
      return runs;
    };
    const std::vector<Measured> first = model(), other = model();
    found += paired_difference(first, other).p < 0.05 ? 1 : 0;
  }
  return static_cast<double>(found) / k_experiments;
}

TEST(Paired, FindsNoDifferenceWhereThereIsNone) {
  for (const double rate : {false_positives(1, false), false_positives(3, true)}) {
    EXPECT_GE(rate, 0.01);
    EXPECT_LE(rate, 0.08);
  }
}

// The same without the part of the seeds, as if each model had one: it must fail.
TEST(Paired, OneSeedCannotSpeakForOthers) {
  EXPECT_GT(false_positives(1, true), 0.4);
}

TEST(Paired, EqualModelsAreEqual) {
  const Rows rows(50, 500, 1);
  const Measured one = rows.of(std::vector<double>(50, 0.5));
  const PairedDifference found = paired_difference({one}, {one});
  EXPECT_EQ(found.difference, 0);
  EXPECT_EQ(found.p, 1);
  const Needed needed = needed_to_tell(found, 50, 1, 1);
  EXPECT_EQ(needed.rows, 0);
  EXPECT_EQ(needed.seeds, 0);
}

TEST(Paired, WhatIsNoNumberSaysNothing) {
  const Measured none{NAN, std::vector<double>(100, NAN)}, one{1, std::vector<double>(100, 1)};
  const PairedDifference found = paired_difference({one}, {none});
  EXPECT_TRUE(std::isnan(found.difference));
  EXPECT_EQ(found.p, 1);
}

// With as many rows as are said to be needed, four of five experiments find the difference.
TEST(Paired, SaysHowManyRowsWouldTell) {
  PairedDifference found;
  found.difference = 0.1;
  found.row_error = 1 / std::sqrt(100.0);  // of scores whose differences deviate by 1
  const Needed needed = needed_to_tell(found, 100, 1, 1);
  EXPECT_EQ(needed.rows, 785);  // ((1.95996 + 0.84162) / 0.1)^2
  EXPECT_EQ(needed.seeds, 0);
  std::mt19937_64 engine(5);
  std::normal_distribution<double> noise(0.1, 1);
  int told = 0;
  for (int experiment = 0; experiment < 400; ++experiment) {
    double sum = 0;
    for (std::int64_t i = 0; i < needed.rows; ++i) sum += noise(engine);
    told += std::abs(sum / std::sqrt(static_cast<double>(needed.rows))) > 1.96 ? 1 : 0;
  }
  EXPECT_NEAR(told / 400.0, 0.8, 0.06);
  EXPECT_GT(needed_to_tell(found, 100, 1, 10).rows, needed.rows) << "of ten metrics";
  found.seed_error = 0.2;
  EXPECT_EQ(needed_to_tell(found, 100, 3, 1).rows, 0) << "no rows make up for the seeds";
}

}  // namespace
}  // namespace weft::host
