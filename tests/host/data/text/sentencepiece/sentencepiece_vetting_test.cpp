// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/sentencepiece/sentencepiece_vetting.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <limits>

#include "host/base/text.hpp"
#include "host/data/text/tokenizer.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using test::error_of;

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string word(std::uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string field(unsigned number, std::uint64_t value) {
  return varint(number << 3) + varint(value);
}

std::string field(unsigned number, const std::string& bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + bytes;
}

enum ModelType : std::uint64_t { k_unigram = 1, k_bpe = 2 };
enum Type : std::uint64_t { k_normal = 1, k_unk = 2, k_control = 3, k_user = 4 };

std::string piece(const std::string& text, std::uint64_t type = k_normal, float score = -1) {
  return field(1, field(1, text) + varint(2 << 3 | 5) + word(std::bit_cast<std::uint32_t>(score)) +
                      field(3, type));
}

/// A model with the pieces `_`, a, b and more, and these normalisation rules.
std::string model(const std::string& more, const std::string& charsmap,
                  ModelType type = k_unigram) {
  return piece("<pad>", k_control) + piece("<unk>", k_unk) + piece("<s>", k_control) +
         piece("</s>", k_control) + piece("\u2581") + piece("a") + piece("b") + more +
         field(2, field(3, type) + field(40, 1) + field(41, 2) + field(42, 3) + field(43, 0)) +
         field(3, field(1, "some") + (charsmap.empty() ? "" : field(2, charsmap)));
}

/// Normalisation rules: a double array of which a unit is reached by no text, unless it is set.
struct Rules {
  std::vector<std::uint32_t> units = std::vector<std::uint32_t>(256);
  std::string replacements = std::string("b\0", 2);

  Rules() {
    for (std::uint32_t i = 0; i < units.size(); ++i) units[i] = i;
    units[0] = 1 << 10;  // the first state has base 1
  }
  /// From the state with base `from`, byte `c` leads to the state with base `to`.
  void lead(std::uint32_t from, char c, std::uint32_t to, bool is_rule) {
    const auto label = static_cast<unsigned char>(c);
    const std::uint32_t at = from ^ label;
    units[at] = (at ^ to) << 10 | (is_rule ? 1U << 8 : 0) | label;
  }
  void replace(std::uint32_t base, std::uint32_t value) { units[base] = 1U << 31 | value; }
  std::string charsmap() const {
    std::string bytes = word(static_cast<std::uint32_t>(units.size() * 4));
    for (const std::uint32_t unit : units) bytes += word(unit);
    return bytes + replacements;
  }
};

/// A becomes b.
Rules one_rule() {
  Rules rules;
  rules.lead(1, 'A', 2, true);
  rules.replace(2, 0);
  return rules;
}

Tokenizer loaded(const std::string& bytes) {
  return Tokenizer::from_bytes(bytes, "The tokenizer a.model");
}

/// Asserts that the model is refused before it is loaded, for this reason.
void refused(const std::string& bytes, const std::string& reason) {
  EXPECT_EQ(error_of([&] { loaded(bytes); }),
            std::pair(Exit::bad_data,
                      "The tokenizer a.model is not a SentencePiece model that is safe to load: " +
                          reason + ". Choose another file."));
}

TEST(SentencePieceVetting, SmallModelsAreReadAsTheLibraryReadsThem) {
  EXPECT_EQ(loaded(model("", "")).vocabulary(), 7);
  const Tokenizer tokenizer = loaded(model("", one_rule().charsmap()));
  EXPECT_EQ(tokenizer.encode("aA"), tokenizer.encode("ab"));
  EXPECT_NE(tokenizer.encode("aA"), tokenizer.encode("aB"));
}

TEST(SentencePieceVetting, ModelsOfTheTrainerPassWithItsNormalisationRules) {
  const test::Folder folder;
  for (const char* type : {"unigram", "bpe", "word", "char"}) {
    const std::string path = folder.path(concat(type, ".model"));
    const Tokenizer tokenizer =
        Tokenizer::train(path, {type, 40, {}}, {"a text", "another", "No. 12"});
    EXPECT_GT(test::read_file(path).size(), 200'000U) << "the rules of nmt_nfkc are in it";
    EXPECT_EQ(tokenizer.encode("\uff4eo"), tokenizer.encode("no")) << type;  // a wide n
  }
}

TEST(SentencePieceVetting, EveryTruncationIsRefused) {
  const std::string whole = model("", one_rule().charsmap());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(error_of([&] { vet_sentencepiece(whole.substr(0, size), "m"); }).first,
              Exit::bad_data)
        << size;
  }
  refused("", "it is empty");
  refused(whole.substr(0, whole.size() - 1), "it is damaged");
  refused(piece("a"), "it has no trainer_spec, or is cut off");
  refused(piece("a") + field(2, ""), "it has no normalizer_spec, or is cut off");
}

TEST(SentencePieceVetting, LongPiecesAreRefused) {
  EXPECT_NO_THROW(loaded(model(piece(std::string(512, 'a')), "")));
  refused(model(piece(std::string(513, 'a')), ""), "piece 7 has 513 bytes, not from 1 to 512");
  refused(model(piece(std::string(1'000'000, 'a')), ""),
          "piece 7 has 1000000 bytes, not from 1 to 512");
  refused(model(piece(""), ""), "piece 7 has 0 bytes, not from 1 to 512");
  refused(model(piece(std::string("a\0b", 3)), ""), "piece 7 holds a zero byte");
  refused(model(piece("c", k_normal, std::numeric_limits<float>::quiet_NaN()), ""),
          "the score of piece 7 is not a finite number");
}

TEST(SentencePieceVetting, TooManyPiecesOrBytesAreRefused) {
  std::string many;
  for (int i = 0; i < 1'000'001; ++i) many += field(1, field(1, "a"));
  refused(many, "it has more than 1000000 pieces");
  refused(std::string((64 << 20) + 1, ' '), "it has 67108865 bytes; at most 67108864 are read");
}

TEST(SentencePieceVetting, PartsTwiceAreRefused) {
  const std::string small = model("", "");
  refused(small + field(2, ""), "it has two of trainer_spec");
  refused(small + field(3, ""), "it has two of normalizer_spec");
  refused(model("", "") + field(5, field(2, "") + field(2, "")),
          "it has normalisation rules twice");
}

TEST(SentencePieceVetting, DamagedWireFormatIsRefused) {
  const std::string small = model("", "");
  refused(small + varint(2 << 3 | 3), "it is damaged");                  // a group
  refused(small + varint(1 << 3) + varint(1), "it is damaged");          // pieces are messages
  refused(small + std::string(11, '\xff'), "it is damaged");             // a number without end
  refused(small + varint(4 << 3 | 2) + varint(~0ULL), "it is damaged");  // longer than the file
  refused(small + field(1, std::string("\x0a\x05z", 3)), "piece 7 is damaged");
  refused(small + field(5, "\x12"), "its normalizer_spec is damaged");
}

TEST(SentencePieceVetting, RulesThatPointOutsideTheirTableAreRefused) {
  Rules rules = one_rule();
  rules.units[1 ^ 'B'] = 1U << 9 | 7U << 10 | 'B';  // a step of 7 x 256 units
  refused(model("", rules.charsmap()),
          "unit 67 of its normalisation rules points outside their table");
  rules = one_rule();
  rules.units[0] = 256U << 10;
  refused(model("", rules.charsmap()),
          "unit 0 of its normalisation rules points outside their table");
  // The denormalisation's rules as well.
  refused(model("", "") + field(5, field(2, rules.charsmap())),
          "unit 0 of its normalisation rules points outside their table");
}

TEST(SentencePieceVetting, RulesWithoutAReplacementAreRefused) {
  const std::string reason =
      "unit 64 of its normalisation rules has no replacement of at most 512 bytes";
  Rules rules = one_rule();
  rules.replace(2, 2);  // behind the end
  refused(model("", rules.charsmap()), reason);
  rules.replace(2, INT32_MAX);
  refused(model("", rules.charsmap()), reason);
  rules = one_rule();
  rules.replacements = "b";  // without its end
  refused(model("", rules.charsmap()), reason);
  rules.replacements = std::string(513, 'b') + '\0';
  refused(model("", rules.charsmap()), reason);
}

TEST(SentencePieceVetting, ATableOfAnotherSizeIsRefused) {
  refused(model("", word(4) + word(0) + std::string(2, '\0')),
          "the table of its normalisation rules has 4 bytes, which is not a multiple of 1024");
  refused(model("", word(0) + "b"),
          "the table of its normalisation rules has 0 bytes, which is not a multiple of 1024");
  refused(model("", word(2048) + std::string(1024, '\0')), "its normalisation rules are cut off");
  refused(model("", "abc"), "its normalisation rules are cut off");
}

TEST(SentencePieceVetting, RulesInACircleAreRefused) {
  Rules rules;
  rules.lead(1, 'A', 1, false);
  refused(model("", rules.charsmap()),
          "its normalisation rules go round in a circle or are longer than 512 bytes");
}

TEST(SentencePieceVetting, ManyMatchesAtOnePlaceAreRefused) {
  const auto chain = [](std::uint32_t length) {  // A, AA, AAA, … become b
    Rules rules;
    for (std::uint32_t i = 0; i < length; ++i) {
      const std::uint32_t from = i == 0 ? 1 : 2 * i + 128;
      const std::uint32_t to = 2 * (i + 1) + 128;
      rules.lead(from, 'A', to, true);
      rules.replace(to, 0);
    }
    return rules.charsmap();
  };
  EXPECT_EQ(loaded(model("", chain(32))).encode(std::string(40, 'A')),
            loaded(model("", "")).encode("bb"));
  refused(model("", chain(33)), "more than 32 of its normalisation rules begin alike");

  std::string pieces;
  for (std::size_t i = 0; i < 32; ++i) pieces += piece(std::string(i + 2, 'a'), k_user);
  EXPECT_NO_THROW(loaded(model(pieces, "")));
  refused(model(pieces + piece(std::string(34, 'a'), k_user), ""),
          "more than 32 of its user-defined pieces begin alike");
}

TEST(SentencePieceVetting, PiecesAndRulesThatJoinWordsAreTold) {
  const auto is_divisible = [](const std::string& more, const std::string& charsmap) {
    return vet_sentencepiece(model(more, charsmap, k_bpe), "m").is_divisible;
  };
  EXPECT_TRUE(is_divisible("", one_rule().charsmap()));
  EXPECT_FALSE(vet_sentencepiece(model("", one_rule().charsmap()), "m").is_divisible) << "unigram";
  EXPECT_TRUE(is_divisible(piece("\u2581a") + piece("\u2581\u2581"), ""));
  EXPECT_FALSE(is_divisible(piece("a\u2581"), ""));
  EXPECT_FALSE(is_divisible(piece("\u2581a\u2581b"), ""));
  EXPECT_FALSE(is_divisible(piece("a b", k_user), ""));
  const auto of_two = [](char first, char second) {
    Rules rules;
    rules.lead(1, first, 2, false);
    rules.lead(2, second, 128, true);
    rules.replace(128, 0);
    return rules.charsmap();
  };
  EXPECT_FALSE(is_divisible("", of_two('A', ' ')));
  EXPECT_FALSE(is_divisible("", of_two(' ', 'A')));
  EXPECT_TRUE(is_divisible("", of_two(' ', '!')));
}

TEST(SentencePieceVetting, ALongTextIsDividedOnlyWhereNoPieceJoinsWords) {
  std::string text;
  while (text.size() < (std::size_t{16} << 20)) text += "a ";
  text += 'a';
  EXPECT_EQ(loaded(model("", "", k_bpe)).encode(text).size(), text.size() + 1);
  for (const std::string& bytes : {model(piece("a\u2581a"), "", k_bpe), model("", "")}) {
    EXPECT_EQ(error_of([&] { loaded(bytes).encode(text); }),
              std::pair(Exit::bad_data,
                        std::string("A text cannot be encoded: 16777217 bytes of it must be read "
                                    "at once, and at most 16777216 can be. Divide the text.")));
  }
}

}  // namespace
}  // namespace weft::host
