// SPDX-License-Identifier: Apache-2.0
#include "host/data/training_texts.hpp"

#include <gmock/gmock.h>

namespace weft::host {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TrainingTexts counted(std::initializer_list<std::string> texts) {
  TrainingTexts made("bpe");
  for (const std::string& text : texts) made.add(text);
  return made;
}

TEST(TrainingTexts, WordsAreCountedInTheOrderOfTheirFirstPlaces) {
  const TrainingTexts texts = counted({" two  ducks\tand ", "a duck and\r\ntwo", "", "two"});
  EXPECT_THAT(texts.words(), ElementsAre(Pair("two", 3), Pair("ducks", 1), Pair("and", 2),
                                         Pair("a", 1), Pair("duck", 1)));
  EXPECT_EQ(texts.size(), 4U);
}

TEST(TrainingTexts, WhatSentencePiecePassesOverIsLeftOut) {
  EXPECT_THAT(counted({"a\u2585 b", std::string(4193, 'a')}).words(), IsEmpty());
  EXPECT_THAT(counted({std::string(4192, 'a')}).words(), ElementsAre(Pair(testing::_, 1)));
}

TEST(TrainingTexts, NoMoreThanAskedForAreKeptAndEachIsAsLikely) {
  std::vector<int> kept(40);
  for (int run = 0; run < 500; ++run) {
    TrainingTexts texts(run % 2 == 0 ? "bpe" : "unigram", 10);
    for (int i = 0; i < 40; ++i) texts.add(std::to_string((i + run) % 40));
    ASSERT_EQ(texts.texts().size(), 10U);
    EXPECT_EQ(texts.size(), 40U);
    EXPECT_THAT(texts.words(), IsEmpty());
    for (const std::string& text : texts.texts()) ++kept[static_cast<std::size_t>(std::stoi(text))];
  }
  // The places that are kept are always the same; over all rotations every text had each of them.
  EXPECT_THAT(kept, testing::Each(testing::AllOf(testing::Ge(115), testing::Le(135))));
  TrainingTexts few("bpe", 3);
  few.add("a");
  EXPECT_THAT(few.texts(), ElementsAre("a"));
  // 8,000 texts in groups of 1,000: each group has its part of the 800 kept.
  TrainingTexts many("unigram", 800);
  std::vector<int> groups(8);
  for (int i = 0; i < 8000; ++i) many.add(std::to_string(i));
  for (const std::string& text : many.texts())
    ++groups[static_cast<std::size_t>(std::stoi(text) / 1000)];
  EXPECT_THAT(groups, testing::Each(testing::AllOf(testing::Ge(70), testing::Le(130))));
}

TEST(TrainingTexts, TheFingerprintIsOfTheTexts) {
  EXPECT_EQ(counted({"a b", "c"}).fingerprint(), (TrainingTexts{"a b", "c"}.fingerprint()));
  EXPECT_EQ((TrainingTexts{"a b", "c"}.fingerprint()), (TrainingTexts{"a b", "c"}.fingerprint()));
  EXPECT_NE((TrainingTexts{"a b", "c"}.fingerprint()), (TrainingTexts{"a", "b c"}.fingerprint()));
  EXPECT_NE((TrainingTexts{"a b"}.fingerprint()), (TrainingTexts{"a  b"}.fingerprint()));
}

}  // namespace
}  // namespace weft::host
