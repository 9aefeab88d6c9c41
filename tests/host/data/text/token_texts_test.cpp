// SPDX-License-Identifier: Apache-2.0
/// What tokens write one after the other is what decode() says of all of them.

#include <gmock/gmock.h>
#include <sentencepiece_trainer.h>

#include <algorithm>

#include "host/base/random.hpp"
#include "host/base/text.hpp"
#include "host/data/text/tokenizer.hpp"
#include "host/data/text/tokenizer_json/unicode.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;
using test::Folder;

const std::vector<std::string> k_lines = {"What is the sum of the two digits?", "a  text.", "18",
                                          "Which digit do you hear?", "\u00fc and \u4e00"};

/// As a text that is written token by token sees them.
std::string written(const TokenTexts& texts, const std::vector<std::int64_t>& ids) {
  std::string text;
  bool is_beginning = true;
  for (const std::int64_t id : ids) {
    const auto at = static_cast<std::size_t>(id);
    const std::string& more = is_beginning ? texts.first[at] : texts.behind[at];
    is_beginning = is_beginning && more.empty() && texts.is_first_behind_nothing;
    text += more;
  }
  return text;
}

/// @return how many texts there were of which something could be compared
int compare(const Tokenizer& tokenizer, const std::string& name) {
  const TokenTexts texts = tokenizer.token_texts();
  EXPECT_EQ(std::ssize(texts.first), tokenizer.vocabulary()) << name;
  EXPECT_EQ(std::ssize(texts.behind), tokenizer.vocabulary()) << name;
  std::vector<std::int64_t> writing;
  for (std::int64_t id = 0; id < tokenizer.vocabulary(); ++id)
    if (!texts.behind[static_cast<std::size_t>(id)].empty()) writing.push_back(id);
  RandomSequence random({7});
  int compared = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::vector<std::int64_t> ids;
    for (std::uint64_t i = 0, length = 1 + random.below(4); i < length; ++i)
      ids.push_back(writing[random.below(writing.size())]);
    const std::string text = written(texts, ids);
    if (!is_well_formed(text)) continue;  // half characters, which a grammar does not let end
    ++compared;
    EXPECT_EQ(text, tokenizer.decode(ids)) << name << ", trial " << trial;
  }
  return compared;
}

void expect_silent_special_ids(const Tokenizer& tokenizer) {
  const TokenTexts texts = tokenizer.token_texts();
  for (const SpecialId special :
       {SpecialId::pad, SpecialId::unknown, SpecialId::begin, SpecialId::end, SpecialId::mask})
    if (const auto id = tokenizer.id_of(special)) {
      EXPECT_EQ(texts.first[static_cast<std::size_t>(*id)], "");
      EXPECT_EQ(texts.behind[static_cast<std::size_t>(*id)], "");
    }
}

TEST(TokenTexts, OfSentencePieceAreWhatItDecodes) {
  const Folder folder;
  for (const char* type : {"unigram", "bpe", "word", "char"}) {
    TrainingTexts training(type);
    for (const std::string& line : k_lines) training.add(line);
    const Tokenizer tokenizer =
        Tokenizer::train(folder.path(concat(type, ".model")), {type, 60, {"[X]"}}, training);
    EXPECT_GT(compare(tokenizer, type), 2000);
    expect_silent_special_ids(tokenizer);
  }
}

/// With bytes for characters that have no piece, and with spaces left as they are.
TEST(TokenTexts, OfBytesAndOfSpacesThatAreKept) {
  for (const char* more :
       {"--byte_fallback=true", "--remove_extra_whitespaces=false", "--add_dummy_prefix=false",
        "--byte_fallback=true --add_dummy_prefix=false"}) {
    std::string model;
    const std::string options = concat(
        "--model_type=bpe --hard_vocab_limit=false --vocab_size=320 --pad_id=0 --unk_id=1 "
        "--bos_id=2 "
        "--eos_id=3 --minloglevel=4 ",
        more);
    ASSERT_TRUE(sentencepiece::SentencePieceTrainer::Train(options, k_lines, &model).ok()) << more;
    const Tokenizer tokenizer = Tokenizer::from_bytes(model, "The tokenizer");
    EXPECT_GT(compare(tokenizer, more), 300);
    expect_silent_special_ids(tokenizer);
    const TokenTexts texts = tokenizer.token_texts();
    const bool has_bytes = std::string(more).find("byte") != std::string::npos;
    EXPECT_EQ(std::ranges::find(texts.behind, "\xE4") != texts.behind.end(), has_bytes) << more;
  }
}

TEST(TokenTexts, OfATokenizerJsonAreWhatItDecodes) {
  for (const char* name : {"bert", "llama3", "roberta", "words", "t5", "xlmr", "llama2", "gemma"}) {
    const Tokenizer tokenizer =
        Tokenizer::load(concat(WEFT_SOURCE_DIR "/tests/reference/tokenizer_", name, ".json"));
    EXPECT_GT(compare(tokenizer, name), 300);
    expect_silent_special_ids(tokenizer);
  }
}

TEST(TokenTexts, ThatFollowFromWhatComesLaterAreRefused) {
  const Tokenizer clip = Tokenizer::load(WEFT_SOURCE_DIR "/tests/reference/tokenizer_clip.json");
  EXPECT_EQ(error_of([&] { clip.token_texts(); }).second,
            "tokens that end words with \"</w>\" say only with what follows which text they are. "
            "Choose a tokenizer without such an ending, or leave the constraint out.");
}

}  // namespace
}  // namespace weft::host
