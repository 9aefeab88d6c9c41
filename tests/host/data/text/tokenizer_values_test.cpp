// SPDX-License-Identifier: Apache-2.0
/// Token ids and texts of Hugging Face's tokenizers; tests/reference/tokenizer_values.py and
/// sentencepiece_json.py made them, of the same lines.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "host/data/text/tokenizer.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;
using test::read_file;

const std::string k_reference = WEFT_SOURCE_DIR "/tests/reference/";

class TokenizerValues : public testing::TestWithParam<std::string> {
 protected:
  const Tokenizer tokenizer = Tokenizer::load(k_reference + "tokenizer_" + GetParam() + ".json");
  const Json lines = Json::parse(read_file(k_reference + "tokenizer_values.json")).at("lines");
  const Json values = [] {
    Json all = Json::parse(read_file(k_reference + "tokenizer_values.json"));
    all.merge_patch(Json::parse(read_file(k_reference + "sentencepiece_values.json")));
    return all;
  }();
};

std::string row_text(const std::vector<std::int32_t>& ids) {
  std::string text;
  for (const std::int32_t id : ids) text += concat(text.empty() ? "" : " ", id);
  return text;
}

std::string hexadecimal(std::uint64_t value) {
  std::string digits(16, '0');
  for (std::size_t i = digits.size(); i-- > 0; value /= 16)
    digits[i] = "0123456789abcdef"[value % 16];
  return digits;
}

TEST_P(TokenizerValues, EveryLineHasTheIdsOfTheReference) {
  const Json& ids = values.at("ids").at(GetParam());
  const Json& hashes = values.at("hashes").at(GetParam());
  ASSERT_EQ(hashes.size(), 200U);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::vector<std::int32_t> found = tokenizer.encode(lines[i].get<std::string>());
    if (i < ids.size()) {
      EXPECT_EQ(Json(found), ids[i]) << lines[i];
    }
    EXPECT_EQ(hexadecimal(stable_hash(row_text(found))), hashes[i]) << lines[i];
  }
}

TEST_P(TokenizerValues, IdsBecomeTheTextOfTheReference) {
  const Json& ids = values.at("ids").at(GetParam());
  const Json& texts = values.at("texts").at(GetParam());
  std::size_t compared = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto row = ids[i].get<std::vector<std::int64_t>>();
    const auto is_silent = [&](std::int64_t id) {
      return id == tokenizer.id_of(SpecialId::begin) || id == tokenizer.id_of(SpecialId::end) ||
             id == tokenizer.id_of(SpecialId::pad);
    };
    if (std::any_of(row.begin(), row.end(), is_silent)) continue;
    EXPECT_EQ(tokenizer.decode(row), texts[i].get<std::string>());
    ++compared;
  }
  EXPECT_GE(compared, 25U);
}

INSTANTIATE_TEST_SUITE_P(HuggingFace, TokenizerValues,
                         testing::Values("roberta", "llama3", "clip", "bert", "words", "t5", "xlmr",
                                         "llama2", "gemma"));

/// A run is one match of Llama 3's expression for white space, which looks at it twice before; its
/// length must not matter.
TEST(TokenizerRuns, LongRunsComeBack) {
  for (const std::string name : {"llama3", "roberta", "clip"}) {
    const Tokenizer tokenizer = Tokenizer::load(k_reference + "tokenizer_" + name + ".json");
    for (const std::string unit : {" ", "\n", "\t ", " \n", "\u00a0", "a", "7", "!", "\u65e5"}) {
      std::string text;
      while (text.size() < 400'000) text += unit;
      const std::vector<std::int32_t> ids = tokenizer.encode(text);
      if (name == "llama3") {
        EXPECT_EQ(tokenizer.decode(std::vector<std::int64_t>(ids.begin(), ids.end())), text)
            << unit;
      }
    }
  }
}

TEST(TokenizerRuns, AWordThatIsNoWordIsRefused) {
  const Tokenizer roberta = Tokenizer::load(k_reference + "tokenizer_roberta.json");
  const std::string text((std::size_t{16} << 20) + 1, 'a');  // and RoBERTa's space before it
  EXPECT_EQ(test::error_of([&] { roberta.encode(text); }),
            std::pair(Exit::bad_data,
                      std::string("A text cannot be encoded: a word of it has 16777218 bytes; at "
                                  "most 16777216 are read at once. Divide the text.")));
}

TEST(TokenizerSpecial, IdsAreThoseOfTheTemplate) {
  const Tokenizer bert = Tokenizer::load(k_reference + "tokenizer_bert.json");
  EXPECT_EQ(bert.id_of(SpecialId::pad), 0);
  EXPECT_EQ(bert.id_of(SpecialId::unknown), 100);
  EXPECT_EQ(bert.id_of(SpecialId::begin), 101);
  EXPECT_EQ(bert.id_of(SpecialId::end), 102);
  EXPECT_EQ(bert.id_of(SpecialId::mask), 103);
  const Tokenizer roberta = Tokenizer::load(k_reference + "tokenizer_roberta.json");
  const auto id = [&](const char* token) { return roberta.encode(token).at(0); };
  EXPECT_EQ(roberta.id_of(SpecialId::begin), id("<s>"));
  EXPECT_EQ(roberta.id_of(SpecialId::end), id("</s>"));
  EXPECT_EQ(roberta.id_of(SpecialId::mask), id("<mask>"));
  EXPECT_EQ(roberta.pad(), id("<pad>"));
  EXPECT_EQ(roberta.id_of(SpecialId::unknown), std::nullopt);
  const std::vector<std::int64_t> row = {id("<s>"), id("a"), id("</s>"), id("a"), id("<pad>")};
  EXPECT_EQ(roberta.decode(row), " a");
}

}  // namespace
}  // namespace weft::host
