// SPDX-License-Identifier: Apache-2.0
/// What is known of a tokenizer from its file alone is what the loaded tokenizer says.

#include "host/data/text/tokenizer_file.hpp"

#include <gmock/gmock.h>

#include <optional>

#include "host/base/text.hpp"
#include "host/data/text/tokenizer.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

SpecialIds ids_of(const Tokenizer& tokenizer) {
  const auto id = [&](SpecialId special) {
    return std::int64_t{tokenizer.id_of(special).value_or(-1)};
  };
  return {id(SpecialId::begin), id(SpecialId::end), tokenizer.pad(), id(SpecialId::unknown)};
}

std::string words(const SpecialIds& ids) {
  return concat("begin ", ids.begin, ", end ", ids.end, ", pad ", ids.pad, ", unknown ",
                ids.unknown);
}

TEST(TokenizerFile, ItsSpecialIdsAreThoseThatSentencePieceGives) {
  const test::Folder folder;
  for (const char* type : {"unigram", "bpe", "word", "char"})
    for (const std::vector<std::string>& special :
         std::vector<std::vector<std::string>>{{},
                                               {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"},
                                               {"[SEP]", "[X]", "[CLS]"},
                                               {"[MASK]", "[CLS]"}}) {
      const std::string path = folder.path(concat(type, special.size(), ".model"));
      const TokenizerTraining training{type, 40, special};
      const Tokenizer tokenizer = Tokenizer::train(path, training, {"a text", "another", "No. 12"});
      const std::string expected = words(ids_of(tokenizer));
      EXPECT_EQ(words(summary_of_file(path).special), expected) << type << special.size();
      EXPECT_EQ(words(summary_of_training(training).special), expected) << type << special.size();
      EXPECT_EQ(summary_of_file(path).vocabulary, tokenizer.vocabulary());
    }
}

TEST(TokenizerFile, ItsSpecialIdsAreThoseOfTheJson) {
  for (const char* name : {"bert", "clip", "llama3", "roberta", "words"}) {
    const std::string path = concat(WEFT_SOURCE_DIR "/tests/reference/tokenizer_", name, ".json");
    const Tokenizer tokenizer = Tokenizer::load(path);
    EXPECT_EQ(words(summary_of_file(path).special), words(ids_of(tokenizer))) << name;
    EXPECT_EQ(summary_of_file(path).vocabulary, tokenizer.vocabulary()) << name;
  }
}

}  // namespace
}  // namespace weft::host
