// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer.hpp"

#include <gmock/gmock.h>

#include <ctime>

#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::Folder;
using test::read_file;
using test::write_file;
using testing::ElementsAre;

const std::vector<std::string> k_texts = {"What is the sum of the two digits?",
                                          "What is the larger of the two?",
                                          "Do the drawn and the spoken digits match?",
                                          "Which digit do you hear?",
                                          "yes",
                                          "no",
                                          "18"};

TrainingTexts training_texts(const std::string& type = "unigram") {
  TrainingTexts texts(type);
  for (const std::string& text : k_texts) texts.add(text);
  return texts;
}

std::vector<std::int64_t> wide(const std::vector<std::int32_t>& ids) {
  return {ids.begin(), ids.end()};
}

class TokenizerTest : public testing::TestWithParam<std::string> {
 protected:
  Folder folder;
  const std::string path = folder.path("made/here.model");
};

TEST_P(TokenizerTest, TextsOfTheTrainingComeBack) {
  const Tokenizer tokenizer = Tokenizer::train(path, {GetParam(), 60, {}}, training_texts());
  EXPECT_LE(tokenizer.vocabulary(), 60);
  for (const std::string& text : k_texts) {
    const std::vector<std::int64_t> ids = wide(tokenizer.encode(text));
    EXPECT_EQ(tokenizer.decode(ids), text);
    for (const std::int64_t id : ids) EXPECT_GT(id, k_end) << text;
  }
}

TEST_P(TokenizerTest, TrainingIsDeterministic) {
  Tokenizer::train(path, {GetParam(), 60, {}}, training_texts());
  const std::string other = folder.path("other.model");
  Tokenizer::train(other, {GetParam(), 60, {}}, training_texts());
  EXPECT_EQ(read_file(path), read_file(other));
}

INSTANTIATE_TEST_SUITE_P(Types, TokenizerTest, testing::Values("unigram", "bpe", "word", "char"));

class TokenizerFileTest : public TokenizerTest {};

TEST_P(TokenizerTest, CountedWordsTeachWhatTheTextsTeach) {
  if (GetParam() == "unigram") return;  // its texts are kept
  const Tokenizer tokenizer = Tokenizer::train(path, {GetParam(), 60, {}}, training_texts());
  const Tokenizer counted = Tokenizer::train(folder.path("counted.model"), {GetParam(), 60, {}},
                                             training_texts(GetParam()));
  ASSERT_EQ(counted.vocabulary(), tokenizer.vocabulary());
  for (std::int32_t id = 0; id < tokenizer.vocabulary(); ++id) {
    EXPECT_EQ(counted.piece(id), tokenizer.piece(id)) << id;
  }
  for (const std::string& text : k_texts) EXPECT_EQ(counted.encode(text), tokenizer.encode(text));
}

/// Half of the texts are longer than SentencePiece's trainer reads at once; what stands in them
/// alone must be learned too. Time does not grow with the square of what they repeat.
TEST_P(TokenizerTest, LongTextsTeachAsShortOnesDo) {
  for (const std::size_t size : {std::size_t{4193}, std::size_t{5000}, std::size_t{70'000}}) {
    TrainingTexts texts(GetParam());
    std::string text;
    while (text.size() < size) text += "quiz zebra jazz ";
    for (int i = 0; i < 30; ++i) texts.add("the cat sat on the mat");
    for (int i = 0; i < 30; ++i) texts.add(text);
    const std::clock_t begin = std::clock();
    const Tokenizer tokenizer =
        Tokenizer::from_bytes(train_sentencepiece({GetParam(), 40, {}, 0}, texts, "d"), "t");
    EXPECT_LT((std::clock() - begin) / CLOCKS_PER_SEC, 20) << "seconds of processor time";
    for (const std::int32_t id : tokenizer.encode("zebra jazz cat")) EXPECT_NE(id, 1) << size;
  }
}

/// What is longer than a part of encoding has the ids of its words, one after the other, as the
/// library gives them to a short text.
TEST_P(TokenizerTest, ALongTextHasTheIdsOfItsSentences) {
  if (GetParam() == "unigram") return;  // it is encoded as a whole
  const Tokenizer tokenizer = Tokenizer::train(path, {GetParam(), 60, {}}, training_texts());
  const std::string unseen = GetParam() == "word" ? "quizzes " : "\u65e5\u672c zZz ";
  const std::string sentence = "What is the sum of " + unseen + "two digits? No, yes 18 ";
  std::string few, many;
  for (int i = 0; i < 3; ++i) few += sentence;
  const std::vector<std::int32_t> once = tokenizer.encode(sentence), thrice = tokenizer.encode(few);
  ASSERT_EQ(thrice.size(), 3 * once.size());
  std::vector<std::int32_t> expected;
  while (many.size() < 3'000'000) {
    many += sentence;
    expected.insert(expected.end(), once.begin(), once.end());
  }
  EXPECT_TRUE(tokenizer.encode(many) == expected);
}

/// Unknown words in a row are one unknown id, across parts too.
TEST_F(TokenizerFileTest, UnknownWordsOfALongTextAreOneAsInAShortOne) {
  const Tokenizer tokenizer = Tokenizer::train(path, {"word", 60, {}}, training_texts());
  std::string text = "zebra";
  ASSERT_THAT(tokenizer.encode(text + " zebra"), ElementsAre(k_unknown));
  while (text.size() < 3'000'000) text += " zebra";
  EXPECT_THAT(tokenizer.encode(text), ElementsAre(k_unknown));
}

TEST_P(TokenizerTest, ALongTextWithoutSpacesIsRefused) {
  const Tokenizer tokenizer = Tokenizer::train(path, {GetParam(), 60, {}}, training_texts());
  const std::string text((std::size_t{16} << 20) + 1, 'a');
  EXPECT_EQ(test::error_of([&] { tokenizer.encode(text); }),
            std::pair(Exit::bad_data,
                      std::string("A text cannot be encoded: 16777217 bytes of it must be read at "
                                  "once, and at most 16777216 can be. Divide the text.")));
}

TEST_F(TokenizerFileTest, UnseenCharactersAreUnknownAndDecodingStopsAtTheEnd) {
  const Tokenizer tokenizer = Tokenizer::train(path, {"char", 60, {}}, {"ab"});
  EXPECT_THAT(tokenizer.encode("aZ"), testing::Contains(k_unknown));
  const std::int64_t a = tokenizer.encode("a").back(), b = tokenizer.encode("b").back();
  const std::vector<std::int64_t> ids = {k_begin, a, b, k_pad, a, k_end, b, b};
  EXPECT_EQ(tokenizer.decode(ids), "aba");
  const std::vector<std::int64_t> outside = {-5, 1 << 20};
  EXPECT_NO_THROW(tokenizer.decode(outside));
  EXPECT_EQ(tokenizer.decode({}), "");
}

TEST_F(TokenizerFileTest, IsTrainedAnewWhenTheInputsOrTheModelChanged) {
  Tokenizer::train(path, {"char", 60, {}}, {"ab"});
  const std::string first = read_file(path);
  const auto written = std::filesystem::last_write_time(path);
  Tokenizer::train(path, {"char", 60, {}}, {"ab"});
  EXPECT_EQ(std::filesystem::last_write_time(path), written) << "reused";
  Tokenizer::train(path, {"char", 60, {}}, {"abc"});
  EXPECT_NE(read_file(path), first);
  write_file(path, first);  // a model that its record does not know
  const Tokenizer tokenizer = Tokenizer::train(path, {"char", 60, {}}, {"abc"});
  EXPECT_NE(tokenizer.encode("c").back(), k_unknown);
  EXPECT_NE(read_file(path), first);
}

TEST_F(TokenizerFileTest, LoadGivesWhatTrainGave) {
  const Tokenizer trained = Tokenizer::train(path, {"unigram", 60, {}}, training_texts());
  const Tokenizer loaded = Tokenizer::load(path);
  for (const std::string& text : k_texts) EXPECT_EQ(loaded.encode(text), trained.encode(text));
}

TEST_F(TokenizerFileTest, SpecialTokensHaveTheIdsFromFourOnAndAreInNoText) {
  const Tokenizer plain = Tokenizer::train(path, {"unigram", 60, {}}, training_texts());
  EXPECT_EQ(plain.id_of(SpecialId::pad), k_pad);
  EXPECT_EQ(plain.id_of(SpecialId::unknown), k_unknown);
  EXPECT_EQ(plain.id_of(SpecialId::begin), k_begin);
  EXPECT_EQ(plain.id_of(SpecialId::end), k_end);
  EXPECT_EQ(plain.id_of(SpecialId::mask), std::nullopt);
  const Tokenizer tokenizer = Tokenizer::train(
      path, {"unigram", 70, {"[CLS]", "[PAD]", "[SEP]", "[MASK]"}}, training_texts());
  EXPECT_EQ(tokenizer.id_of(SpecialId::pad), k_pad);
  EXPECT_EQ(tokenizer.piece(k_pad), "[PAD]");
  EXPECT_EQ(tokenizer.id_of(SpecialId::begin), 4);
  EXPECT_EQ(tokenizer.id_of(SpecialId::end), 5);
  EXPECT_EQ(tokenizer.id_of(SpecialId::mask), 6);
  EXPECT_THAT(tokenizer.encode("the [MASK] digits"), testing::Each(testing::Ne(6)));
  std::vector<std::int64_t> row = wide(tokenizer.encode(k_texts[0]));
  row.insert(row.begin(), 4);
  row.insert(row.end(), {5, row[1]});
  EXPECT_EQ(tokenizer.decode(row), k_texts[0]);
}

TEST_F(TokenizerFileTest, FaultsHaveSentences) {
  const std::string file = folder.path("a.model");
  EXPECT_EQ(error_of([&] { Tokenizer::load(file); }),
            std::pair(Exit::no_input,
                      "The tokenizer " + file + " cannot be opened (No such file or directory)."));
  write_file(file, "nonsense");
  EXPECT_EQ(error_of([&] { Tokenizer::load(file); }),
            std::pair(Exit::bad_data, "The tokenizer " + file +
                                          " is not a SentencePiece model that is safe to load: it "
                                          "is damaged. Choose another file."));
  EXPECT_EQ(error_of([&] {
              Tokenizer::train(file, {"bpe", 60, {}}, {});
            }),
            std::pair(Exit::bad_data,
                      std::string("The training part holds no text for the tokenizer. Check "
                                  "data/tokenizer/from.")));
  const auto [exit, sentence] = error_of([&] {
    Tokenizer::train(file, {"bpe", 9, {}}, training_texts());
  });
  EXPECT_EQ(exit, Exit::bad_recipe);
  EXPECT_THAT(sentence, testing::StartsWith("data/tokenizer: SentencePiece cannot train a bpe "
                                            "model of 9 pieces on 7 texts ("));
}

TEST_F(TokenizerFileTest, AFolderThatCannotBeMadeIsAnError) {
  write_file(folder.path("file"), "");
  const auto [exit, sentence] = error_of([&] {
    Tokenizer::train(folder.path("file/a.model"), {"char", 60, {}}, {"a"});
  });
  EXPECT_EQ(exit, Exit::cannot_create) << sentence;
}

}  // namespace
}  // namespace weft::host
