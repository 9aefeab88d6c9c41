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

TEST(TrainingTexts, TheFingerprintIsOfTheTexts) {
  EXPECT_EQ(counted({"a b", "c"}).fingerprint(), (TrainingTexts{"a b", "c"}.fingerprint()));
  EXPECT_EQ((TrainingTexts{"a b", "c"}.fingerprint()), (TrainingTexts{"a b", "c"}.fingerprint()));
  EXPECT_NE((TrainingTexts{"a b", "c"}.fingerprint()), (TrainingTexts{"a", "b c"}.fingerprint()));
  EXPECT_NE((TrainingTexts{"a b"}.fingerprint()), (TrainingTexts{"a  b"}.fingerprint()));
}

}  // namespace
}  // namespace weft::host
