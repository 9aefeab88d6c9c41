// SPDX-License-Identifier: Apache-2.0
#include "host/data/masking/masking.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

namespace weft::host {
namespace {

/// Flags that a span can be made of.
struct Flags {
  explicit Flags(std::size_t count) : size(count), data(std::make_unique<bool[]>(count)) {}
  operator std::span<bool>() { return {data.get(), size}; }              // NOLINT
  operator std::span<const bool>() const { return {data.get(), size}; }  // NOLINT
  bool operator[](std::size_t i) const { return data[i]; }
  std::int64_t count() const { return std::count(data.get(), data.get() + size, true); }
  std::vector<bool> list() const { return std::vector<bool>(data.get(), data.get() + size); }
  std::size_t size;
  std::unique_ptr<bool[]> data;
};

/// Whether `found` of `of` draws of probability p lie within five standard deviations.
void expect_rate(double found, double of, double p) {
  EXPECT_NEAR(found, of * p, 5 * std::sqrt(of * p * (1 - p))) << of << " draws of " << p;
}

/// Ids 0 … 3 are special, 4 … 99 ordinary, of which the even ones start a word; 100 is the mask.
MaskingVocabulary hundred() {
  MaskingVocabulary vocabulary{100, std::vector<std::int64_t>(96), std::vector<bool>(100)};
  std::iota(vocabulary.ordinary.begin(), vocabulary.ordinary.end(), 4);
  for (std::size_t id = 4; id < 100; id += 2) vocabulary.starts_word[id] = true;
  return vocabulary;
}

TEST(TokenMasking, ChoosesFifteenInAHundredAndNeverASpecialToken) {
  RandomSequence random({1});
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 40'000; ++i) ids.push_back(i % 10 == 0 ? i / 10 % 4 : 4 + i % 96);
  Flags chosen(ids.size());
  choose_tokens(ids, chosen, {}, hundred(), random);
  expect_rate(static_cast<double>(chosen.count()), 36'000, 0.15);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_FALSE(chosen[i] && ids[i] < 4) << i;
}

TEST(TokenMasking, MasksEightyReplacesTenAndKeepsTenOfAHundred) {
  RandomSequence random({2});
  std::vector<std::int64_t> ids(60'000, 50), corrupted = ids;
  Flags chosen(ids.size());
  for (std::size_t i = 0; i < ids.size(); i += 2) chosen.data[i] = true;
  corrupt_tokens(corrupted, chosen, {}, hundred(), random);
  double masked = 0, replaced = 0;
  std::vector<int> seen(100);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!chosen[i]) {
      ASSERT_EQ(corrupted[i], 50) << "what is not chosen stays";
      continue;
    }
    masked += corrupted[i] == 100;
    replaced += corrupted[i] != 100 && corrupted[i] != 50;
    if (corrupted[i] != 100) ++seen[static_cast<std::size_t>(corrupted[i])];
  }
  expect_rate(masked, 30'000, 0.8);
  expect_rate(replaced, 30'000, 0.1 * 95 / 96);  // one of 96 draws is the token itself
  EXPECT_EQ(seen[0] + seen[1] + seen[2] + seen[3], 0) << "no special token is put in";
  for (std::size_t id = 4; id < 100; ++id) EXPECT_GT(seen[id], 0) << id;
}

TEST(TokenMasking, WordsAreChosenWhole) {
  // Words of one, two and three pieces; a special token parts what would be one word.
  const std::vector<std::int64_t> pattern = {4, 6, 7, 8, 9, 11, 2, 13, 0};
  const std::vector<std::vector<std::size_t>> words = {{0}, {1, 2}, {3, 4, 5}, {7}};
  RandomSequence random({3});
  const TokenMasking options{0.3F, true};
  double chosen_words = 0;
  for (int row = 0; row < 5'000; ++row) {
    Flags chosen(pattern.size());
    choose_tokens(pattern, chosen, options, hundred(), random);
    for (const auto& word : words) {
      chosen_words += chosen[word[0]];
      for (const std::size_t i : word) ASSERT_EQ(chosen[i], chosen[word[0]]) << row;
    }
    ASSERT_FALSE(chosen[6] || chosen[8]);
  }
  expect_rate(chosen_words, 20'000, 0.3);
}

TEST(TokenMasking, EdgesOfItsShares) {
  RandomSequence random({4});
  const std::vector<std::int64_t> ids = {2, 10, 11, 12, 3};
  Flags chosen(5);
  choose_tokens(ids, chosen, {1.0F}, hundred(), random);
  EXPECT_THAT(chosen.list(), testing::ElementsAre(false, true, true, true, false));
  std::vector<std::int64_t> masked = ids, kept = ids;
  corrupt_tokens(masked, chosen, {1, false, 1, 0}, hundred(), random);
  EXPECT_THAT(masked, testing::ElementsAre(2, 100, 100, 100, 3));
  corrupt_tokens(kept, chosen, {1, false, 0, 0}, hundred(), random);
  EXPECT_EQ(kept, ids);
  choose_tokens(ids, chosen, {0.0F}, hundred(), random);
  EXPECT_EQ(chosen.count(), 0);
}

TEST(PatchMasking, OneByOneHidesTheExactShareAndEveryPatchAsOften) {
  RandomSequence random({5});
  std::vector<double> times(12);
  for (int row = 0; row < 6'000; ++row) {
    Flags hidden(12);
    hide_patches(hidden, {3, 4, 0.4F, false}, random);
    ASSERT_EQ(hidden.count(), 5);  // round(4.8)
    for (std::size_t i = 0; i < 12; ++i) times[i] += hidden[i];
  }
  for (const double count : times) expect_rate(count, 6'000, 5.0 / 12);
}

TEST(PatchMasking, BlocksAreRectanglesOfTheSizesAskedFor) {
  RandomSequence random({6});
  int alone = 0;
  for (int row = 0; row < 2'000; ++row) {
    Flags hidden(196);
    // One block of 16 to 20 patches; what its edges leave may become small ones beside it.
    hide_patches(hidden, {14, 14, 20.0F / 196, true, 16}, random);
    std::int64_t top = 14, bottom = -1, left = 14, right = -1;
    for (std::int64_t i = 0; i < 196; ++i) {
      if (!hidden[static_cast<std::size_t>(i)]) continue;
      top = std::min(top, i / 14), bottom = std::max(bottom, i / 14);
      left = std::min(left, i % 14), right = std::max(right, i % 14);
    }
    const std::int64_t height = bottom - top + 1, width = right - left + 1;
    ASSERT_LE(hidden.count(), 20);
    if (hidden.count() != height * width) continue;
    ++alone;
    ASSERT_GE(hidden.count(), 13) << "rounded edges of 16 patches";
    const double aspect = static_cast<double>(height) / static_cast<double>(width);
    ASSERT_GE(aspect, 0.2);
    ASSERT_LE(aspect, 5.0);
  }
  EXPECT_GT(alone, 500);
}

TEST(PatchMasking, BlocksHideAlmostTheShareAndNeverMore) {
  RandomSequence random({7});
  double hidden_in_all = 0;
  std::vector<double> times(196);
  for (int row = 0; row < 2'000; ++row) {
    Flags hidden(196);
    hide_patches(hidden, {14, 14, 0.4F}, random);
    ASSERT_LE(hidden.count(), 78);  // round(78.4)
    ASSERT_GE(hidden.count(), 30);
    hidden_in_all += static_cast<double>(hidden.count());
    for (std::size_t i = 0; i < 196; ++i) times[i] += hidden[i];
  }
  EXPECT_GT(hidden_in_all / 2'000, 70);
  EXPECT_GT(*std::ranges::min_element(times), 0) << "the corners are reached too";
}

TEST(PatchMasking, BlocksKeepNeighboursTogether) {
  const auto equal_neighbours = [](bool blocks) {
    RandomSequence random({8});
    double equal = 0;
    for (int row = 0; row < 500; ++row) {
      Flags hidden(196);
      hide_patches(hidden, {14, 14, 0.4F, blocks}, random);
      for (std::size_t i = 0; i < 195; ++i) equal += i % 14 < 13 && hidden[i] == hidden[i + 1];
    }
    return equal / (500 * 14 * 13);
  };
  EXPECT_NEAR(equal_neighbours(false), 0.52, 0.01);  // 0.4² + 0.6²
  EXPECT_GT(equal_neighbours(true), 0.75);
}

TEST(PatchMasking, TheWholeGridAndNothing) {
  RandomSequence random({9});
  Flags hidden(6);
  for (const bool blocks : {false, true}) {
    hide_patches(hidden, {2, 3, 1.0F, blocks, 1}, random);
    EXPECT_GE(hidden.count(), blocks ? 4 : 6) << blocks;
    hide_patches(hidden, {2, 3, 0.0F, blocks, 1}, random);
    EXPECT_EQ(hidden.count(), 0);
  }
}

TEST(SpanMasking, SpansBeginWithTheirProbabilityAndAreAsLongAsAsked) {
  RandomSequence random({10});
  double hidden_in_all = 0;
  for (int row = 0; row < 400; ++row) {
    Flags hidden(500);
    hide_spans(hidden, 0.02F, 10, random);
    hidden_in_all += static_cast<double>(hidden.count());
    std::size_t run = 0;
    for (std::size_t i = 0; i < 500; ++i) {
      if (hidden[i]) {
        ++run;
      } else {
        ASSERT_TRUE(run == 0 || run >= 10) << "only the end of the axis cuts a span";
        run = 0;
      }
    }
  }
  // A position is visible if none of the 10 before and at it begins a span.
  const double expected = 1 - std::pow(0.98, 10);
  EXPECT_NEAR(hidden_in_all / (400 * 500), expected, 0.01);
  Flags hidden(5);
  hide_spans(hidden, 0, 10, random);
  EXPECT_EQ(hidden.count(), 0);
  hide_spans(hidden, 1, 1, random);
  EXPECT_EQ(hidden.count(), 5);
}

TEST(Budget, AddsUpAndFitsTheLengths) {
  RandomSequence random({11});
  for (const float alpha : {0.05F, 0.3F, 1.0F, 8.0F}) {
    for (int row = 0; row < 2'000; ++row) {
      std::vector<std::int64_t> lengths;
      for (int m = 0; m < 1 + row % 4; ++m) lengths.push_back(random.below(60));
      const std::int64_t all = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
      const auto visible = static_cast<std::int64_t>(random.below(120));
      const auto counts = share_budget(lengths, visible, alpha, random);
      EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}),
                std::min(visible, all));
      for (std::size_t m = 0; m < lengths.size(); ++m) {
        EXPECT_GE(counts[m], 0);
        EXPECT_LE(counts[m], lengths[m]);
      }
    }
  }
}

// Dirichlet(α, α, α) has mean 1/3 and variance (2/9) / (3 α + 1).
TEST(Budget, FollowsTheDirichletDistribution) {
  for (const float alpha : {0.5F, 1.0F, 5.0F}) {
    RandomSequence random({12});
    const std::vector<std::int64_t> lengths = {100'000, 100'000, 100'000};
    const int rows = 20'000;
    double sum = 0, squares = 0;
    for (int row = 0; row < rows; ++row) {
      const auto counts = share_budget(lengths, 90'000, alpha, random);
      const double share = static_cast<double>(counts[1]) / 90'000;
      sum += share;
      squares += share * share;
    }
    const double mean = sum / rows, variance = squares / rows - mean * mean;
    const double expected = 2.0 / 9 / (3 * static_cast<double>(alpha) + 1);
    EXPECT_NEAR(mean, 1.0 / 3, 5 * std::sqrt(expected / rows)) << alpha;
    EXPECT_NEAR(variance, expected, 0.05 * expected) << alpha;
  }
}

TEST(Budget, ChosenPositionsAreExactEvenAndEligible) {
  RandomSequence random({13});
  Flags eligible(20);
  for (std::size_t i = 0; i < 20; i += 2) eligible.data[i] = true;
  std::vector<double> times(20);
  for (int row = 0; row < 6'000; ++row) {
    Flags chosen(20);
    choose_positions(chosen, eligible, 3, random);
    ASSERT_EQ(chosen.count(), 3);
    for (std::size_t i = 0; i < 20; ++i) times[i] += chosen[i];
  }
  for (std::size_t i = 0; i < 20; ++i) {
    if (eligible[i]) {
      expect_rate(times[i], 6'000, 0.3);
    } else {
      EXPECT_EQ(times[i], 0) << i;
    }
  }
  Flags chosen(20);
  choose_positions(chosen, eligible, 99, random);
  EXPECT_EQ(chosen.list(), eligible.list());
}

TEST(Masking, TheRandomSequenceDecidesEverything) {
  const auto draw = [](std::uint64_t seed) {
    RandomSequence random({seed});
    std::vector<std::int64_t> ids(200, 20);
    Flags tokens(200), patches(196), frames(300);
    choose_tokens(ids, tokens, {}, hundred(), random);
    corrupt_tokens(ids, tokens, {}, hundred(), random);
    hide_patches(patches, {14, 14}, random);
    hide_spans(frames, 0.05F, 10, random);
    const auto counts = share_budget(std::vector<std::int64_t>{50, 60}, 40, 1, random);
    return std::tuple(ids, tokens.list(), patches.list(), frames.list(), counts);
  };
  EXPECT_EQ(draw(7), draw(7));
  EXPECT_NE(draw(7), draw(8));
}

}  // namespace
}  // namespace weft::host
