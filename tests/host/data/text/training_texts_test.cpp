// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/training_texts.hpp"

#include <gmock/gmock.h>

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

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

TEST(TrainingTexts, WhatSentencePieceWouldPassOverIsCutIntoParts) {
  EXPECT_THAT(counted({"a\u2585c b"}).words(),
              ElementsAre(Pair("a", 1), Pair("c", 1), Pair("b", 1)));
  EXPECT_THAT(counted({std::string(4192, 'a')}).words(),
              ElementsAre(Pair(testing::SizeIs(4192), 1)));
  EXPECT_THAT(counted({std::string(4193, 'a')}).words(),
              ElementsAre(Pair(testing::SizeIs(512), 1), Pair(testing::SizeIs(3681), 1)));
  std::string words;
  for (int i = 0; i < 2000; ++i) words += "duck pond ";
  EXPECT_THAT(counted({words}).words(), ElementsAre(Pair("duck", 2000), Pair("pond", 2000)));
}

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  for (std::string_view part; !(part = take_part(text)).empty();) parts.emplace_back(part);
  return parts;
}

TEST(TrainingTexts, PartsLoseNothingButTheReservedSign) {
  std::string words, characters;
  for (int i = 0; i < 5000; ++i) words += "quiz zebra ";
  for (int i = 0; i < 5000; ++i) characters += "日";
  for (const std::string& text :
       {words, characters, std::string("short"), std::string(9000, ' ')}) {
    std::string all;
    for (const std::string& part : parts_of(text)) {
      EXPECT_LE(part.size(), 4192U);
      all += part;
    }
    EXPECT_EQ(all, text);
  }
  for (const std::string& part : parts_of(words)) {
    EXPECT_TRUE(part.ends_with("quiz") || part.ends_with("zebra") ||
                part == parts_of(words).back());
  }
  for (const std::string& part : parts_of(characters)) EXPECT_EQ(part.size() % 3, 0U);
  EXPECT_THAT(parts_of("\u2585a\u2585\u2585b"), ElementsAre("a", "b"));
  EXPECT_THAT(parts_of(""), IsEmpty());
}

TEST(TrainingTexts, ATextOfMegabytesIsCutInTimeInProportion) {
  const std::clock_t begin = std::clock();
  for (const std::string unit : {"quiz zebra ", "\x80", "\u65e5"}) {
    std::string text;
    while (text.size() < 20'000'000) text += unit;
    std::size_t sum = 0;
    std::string_view rest = text;
    for (std::string_view part; !(part = take_part(rest)).empty();) sum += part.size();
    EXPECT_EQ(sum, text.size());
  }
  EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 60) << "seconds of processor time";
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
