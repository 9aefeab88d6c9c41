// SPDX-License-Identifier: Apache-2.0
#include "host/data/text/tokenizer_json/tokenizer_json.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "host/data/text/tokenizer.hpp"
#include "tests/host/data/fixtures.hpp"

namespace weft::host {
namespace {

using Json = nlohmann::json;
using test::error_of;
using testing::ElementsAre;

/// WordPiece over few pieces.
Json word_piece() {
  return Json::parse(R"({
    "version": "1.0",
    "added_tokens": [{"id": 1, "content": "[MASK]", "normalized": false}],
    "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": null,
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "max_input_chars_per_word": 5,
              "vocab": {"[UNK]": 0, "a": 2, "##b": 3, "ab": 4, "##a": 5, ",": 6}}})");
}

/// BPE over characters.
Json bpe() {
  return Json::parse(R"({
    "added_tokens": [],
    "pre_tokenizer": {"type": "Whitespace"},
    "model": {"type": "BPE", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2, "ab": 3, "abab": 4},
              "merges": ["a b", ["ab", "ab"]]}})");
}

Tokenizer made(const Json& json) {
  return Tokenizer::from_bytes(json.dump(), "The tokenizer");
}

/// The reason for which the file is refused.
std::string refusal(const std::string& text) {
  const auto [exit, sentence] = error_of([&] { Tokenizer::from_bytes(text, "The tokenizer"); });
  EXPECT_EQ(exit, Exit::bad_data) << sentence;
  const std::string head = "The tokenizer is no tokenizer.json that is read: ";
  const std::string tail = ". docs/tokenizers.md lists what is; choose another one.";
  EXPECT_THAT(sentence, testing::StartsWith(head));
  EXPECT_THAT(sentence, testing::EndsWith(tail));
  return sentence.substr(head.size(), sentence.size() - head.size() - tail.size());
}

/// The same for a file in which the value at the pointer is another one.
std::string refusal(Json json, const std::string& pointer, const std::string& value) {
  json[Json::json_pointer(pointer)] = Json::parse(value);
  return refusal(json.dump());
}

TEST(TokenizerJson, WordPieceTakesTheLongestPieces) {
  const Tokenizer tokenizer = made(word_piece());
  EXPECT_THAT(tokenizer.encode("ab A,aab[MASK] abc aaaaaa"),
              ElementsAre(4, 2, 6, 2, 5, 3, 1, 0, 0));
  EXPECT_EQ(tokenizer.decode(std::vector<std::int64_t>{2, 5, 3, 6, 1, 99}), "aab, [MASK] [UNK]");
  EXPECT_EQ(tokenizer.vocabulary(), 7);
  EXPECT_EQ(tokenizer.piece(3), "##b");
}

TEST(TokenizerJson, BpeMergesInTheOrderOfTheList) {
  const Tokenizer tokenizer = made(bpe());
  EXPECT_THAT(tokenizer.encode("ababab b aXXb"), ElementsAre(4, 3, 2, 1, 0, 0, 2));
  Json fused = bpe();
  fused["model"]["fuse_unk"] = true;
  EXPECT_THAT(made(fused).encode("aXXb"), ElementsAre(1, 0, 2));
  std::string many;
  for (int i = 0; i < 200'000; ++i) many += "ab";
  EXPECT_EQ(tokenizer.encode(many).size(), 100'000U);
}

TEST(TokenizerJson, BytesThatAreNoUtf8AreReplaced) {
  Json json = word_piece();
  json["model"]["vocab"]["\ufffd"] = 7;
  EXPECT_THAT(made(json).encode("\xff"), ElementsAre(7));
  EXPECT_THAT(made(json).encode("a \xe4\xb8 a"), ElementsAre(2, 7, 2));
}

TEST(TokenizerJson, StepsOfNormalisationAndSplitting) {
  const auto pieces = [](const char* normaliser, const char* splitter, const char* text) {
    Json json = bpe();
    json["normalizer"] = Json::parse(normaliser);
    json["pre_tokenizer"] = Json::parse(splitter);
    json["model"]["vocab"] = {{"?", 0}};
    json["model"]["merges"] = Json::array();
    json["model"]["fuse_unk"] = true;
    return made(json).encode(text).size();  // one id for each word
  };
  EXPECT_EQ(pieces("null", R"({"type": "WhitespaceSplit"})", " a, b "), 2U);
  EXPECT_EQ(pieces("null", R"({"type": "Whitespace"})", " a, b "), 3U);
  EXPECT_EQ(pieces("null", R"({"type": "Digits"})", "a12b3"), 4U);
  EXPECT_EQ(pieces("null", R"({"type": "Digits", "individual_digits": true})", "a12b3"), 5U);
  const auto split = [](const char* behaviour, bool invert) {
    return Json({{"type", "Split"},
                 {"pattern", {{"String", "-"}}},
                 {"behavior", behaviour},
                 {"invert", invert}})
        .dump();
  };
  EXPECT_EQ(pieces("null", split("Removed", false).c_str(), "a--b"), 2U);
  EXPECT_EQ(pieces("null", split("Removed", true).c_str(), "a--b"), 2U);
  EXPECT_EQ(pieces("null", split("Isolated", false).c_str(), "a--b"), 4U);
  EXPECT_EQ(pieces("null", split("Contiguous", false).c_str(), "a--b"), 3U);
  EXPECT_EQ(pieces("null", split("MergedWithPrevious", false).c_str(), "a--b"), 3U);
  EXPECT_EQ(pieces("null", split("MergedWithNext", false).c_str(), "a--b"), 3U);
  EXPECT_EQ(pieces(R"({"type": "Replace", "pattern": {"Regex": "[0-9]+"}, "content": " "})",
                   R"({"type": "WhitespaceSplit"})", "a12b3c"),
            3U);
  EXPECT_EQ(pieces(R"({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "x "},
                                                           {"type": "NFKC"}]})",
                   R"({"type": "WhitespaceSplit"})", "a\u3000b"),
            3U);
  EXPECT_EQ(pieces(R"({"type": "Strip", "strip_left": true, "strip_right": true})",
                   split("Isolated", false).c_str(), " \u3000 - \u3000"),
            1U);
}

TEST(TokenizerJson, WhatIsDamagedIsRefused) {
  EXPECT_EQ(refusal("{"), "it is not JSON from byte 2 on");
  EXPECT_EQ(refusal("{\"a\": \"\xff\"}"), "it is not JSON from byte 8 on");
  EXPECT_EQ(refusal(R"({"model": 1, "model": 2})"), "the key \"model\" is given twice");
  EXPECT_EQ(refusal(std::string("{\"a\": ") + std::string(20, '[')),
            "it is nested more than 16 deep");
  EXPECT_EQ(refusal("{}"), "/: expected an object with the key model, found an object");
  const auto of = [](const char* pointer, const char* value) {
    return refusal(word_piece(), pointer, value);
  };
  EXPECT_EQ(of("/version", "\"2.0\""), "/version: expected \"1.0\", found \"2.0\"");
  EXPECT_EQ(of("/more", "1"), "/: the key \"more\" is not known");
  EXPECT_EQ(of("/model/vocab/a", "-1"),
            "/model/vocab/\"a\": expected an integer from 0 to 999999, found -1");
  EXPECT_EQ(of("/model/vocab/a", "18446744073709551615"),
            "/model/vocab/\"a\": expected an integer from 0 to 999999, found 18446744073709551615");
  EXPECT_EQ(of("/model/vocab/a", "3"),
            "/model/vocab/\"a\": expected an id that is not that of \"##b\", found 3");
  EXPECT_EQ(of("/model/vocab", "{}"),
            "/model/vocab: expected an object of 1 to 1000000 tokens, found an object");
  EXPECT_EQ(of("/model/unk_token", "\"x\""),
            "/model/unk_token: expected a token of the vocabulary, found \"x\"");
  EXPECT_EQ(of("/model/unk_token", "null"), "/model: expected an unk_token, found an object");
  EXPECT_EQ(of("/added_tokens/0/id", "2"),
            "/added_tokens/0/id: expected an id that is not that of \"a\", found 2");
  EXPECT_EQ(of("/added_tokens/0/content", "\"\""),
            "/added_tokens/0/content: expected a text that is not empty and not that of another "
            "token, found \"\"");
  EXPECT_EQ(refusal(bpe(), "/model/merges/0", "\"a c\""),
            "/model/merges/0: expected two tokens that are, like what they make together, in the "
            "vocabulary, found \"a c\"");
  EXPECT_EQ(refusal(bpe(), "/model/merges/0", "\"ab\""),
            "/model/merges/0: expected two tokens, found \"ab\"");
}

TEST(TokenizerJson, WhatIsNotDoneIsRefused) {
  const auto of = [](const char* pointer, const char* value) {
    return refusal(word_piece(), pointer, value);
  };
  EXPECT_EQ(of("/model/type", "\"WordLevel\""),
            "/model/type: expected BPE, WordPiece or Unigram, found \"WordLevel\"");
  EXPECT_EQ(of("/normalizer/type", "\"Nmt\""),
            "/normalizer/type: expected NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, "
            "BertNormalizer, Replace, Prepend, Strip, Precompiled or Sequence, found \"Nmt\"");
  EXPECT_EQ(of("/pre_tokenizer/type", "\"FixedLength\""),
            "/pre_tokenizer/type: expected ByteLevel, Split, Whitespace, WhitespaceSplit, "
            "BertPreTokenizer, Digits, Punctuation, Metaspace or Sequence, found \"FixedLength\"");
  EXPECT_EQ(of("/pre_tokenizer/more", "1"), "/pre_tokenizer: the key \"more\" is not known");
  EXPECT_EQ(of("/pre_tokenizer", R"({"type": "ByteLevel"})"),
            "/model: expected BPE behind ByteLevel, found an object");
  EXPECT_EQ(of("/pre_tokenizer", R"({"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"},
                                                                       {"type": "Digits"}]})"),
            "/pre_tokenizer: expected ByteLevel as the last step, found an object");
  EXPECT_EQ(of("/decoder/type", "\"CTC\""),
            "/decoder/type: expected ByteLevel or WordPiece alone, Replace, ByteFallback, Fuse, "
            "Strip, Metaspace or a Sequence of these, found \"CTC\"");
  EXPECT_EQ(of("/post_processor", R"({"type": "x"})"),
            "/post_processor/type: expected TemplateProcessing, BertProcessing, "
            "RobertaProcessing, ByteLevel or Sequence, found \"x\"");
  EXPECT_EQ(
      of("/post_processor", R"({"type": "BertProcessing", "cls": ["a", 99], "sep": ["a", 2]})"),
      "/post_processor/cls/1: expected the id of a token, found 99");
  EXPECT_EQ(of("/padding", R"({"direction": "Left"})"),
            "/padding/direction: expected Right, found \"Left\"");
  EXPECT_EQ(of("/truncation", R"({"direction": "Left"})"),
            "/truncation/direction: expected Right, found \"Left\"");
  EXPECT_EQ(refusal(bpe(), "/model/dropout", "0.1"),
            "/model/dropout: expected 0: the same text gives the same ids, found 0.1");
  EXPECT_EQ(refusal(bpe(), "/model/continuing_subword_prefix", "\"##\""),
            "/model/continuing_subword_prefix: expected none in a BPE model, found \"##\"");
  EXPECT_EQ(refusal(bpe(), "/model/unk_token", "null"),
            "/model: expected an unk_token, or ByteLevel as the last pre_tokenizer, found an "
            "object");
  Json bytes = bpe();
  bytes["model"].erase("unk_token");
  EXPECT_EQ(refusal(bytes, "/pre_tokenizer", R"({"type": "ByteLevel"})"),
            "/model/vocab: expected a token for each of the 256 bytes, \"\u0100\" among them, "
            "found an object");
}

/// A unigram model whose spaces are U+2581.
Json unigram() {
  return Json::parse(R"({
    "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"},
    "decoder": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"},
    "model": {"type": "Unigram", "unk_id": 0, "vocab": [
      ["<unk>", 0.0], ["\u2581", -1.0], ["a", -2.0], ["b", -2.5], ["ab", -4.4], ["\u2581a", -3.5],
      ["bab", -5.0]]}})");
}

// -1 - 2 < -3.5 gives ▁ a; of a+bab (-7), ab+ab (-8.8), a+b+a+b (-9) the first.
TEST(TokenizerJson, UnigramTakesTheMostLikelyWay) {
  const Tokenizer tokenizer = made(unigram());
  EXPECT_THAT(tokenizer.encode("a abab ab"), ElementsAre(1, 2, 1, 2, 6, 1, 4));
  EXPECT_EQ(tokenizer.decode(std::vector<std::int64_t>{1, 2, 1, 2, 6, 1, 4}), "a abab ab");
  EXPECT_EQ(tokenizer.id_of(SpecialId::unknown), 0);
}

TEST(TokenizerJson, WhatAUnigramLacksIsOneTokenOrItsBytes) {
  // Neighbours are one unknown; the text of the unknown token is that token.
  EXPECT_THAT(made(unigram()).encode("xya<unk>"), ElementsAre(1, 0, 2, 0));
  Json json = unigram();
  json["model"]["byte_fallback"] = true;
  EXPECT_THAT(made(json).encode("xa"), ElementsAre(1, 0, 2)) << "there is no token for the byte";
  json["model"]["vocab"].push_back({"<0xC3>", -9.0});
  json["model"]["vocab"].push_back({"<0xA9>", -9.0});
  json["decoder"] = Json::parse(R"({"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
    {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]})");
  const Tokenizer tokenizer = made(json);
  EXPECT_THAT(tokenizer.encode("\u00e9a"), ElementsAre(1, 7, 8, 2));
  EXPECT_EQ(tokenizer.decode(std::vector<std::int64_t>{1, 7, 8, 2, 1, 3}), "\u00e9a b");
  EXPECT_EQ(tokenizer.decode(std::vector<std::int64_t>{7, 7, 2}), "\ufffd\ufffda");
}

TEST(TokenizerJson, BpeFallsBackToBytes) {
  Json json = bpe();
  json["model"]["byte_fallback"] = true;
  json["model"]["vocab"]["<0xC3>"] = 5;
  json["model"]["vocab"]["<0xA9>"] = 6;
  EXPECT_THAT(made(json).encode("a\u00e9bX"), ElementsAre(1, 5, 6, 2, 0));
  json["model"]["byte_fallback"] = false;
  EXPECT_THAT(made(json).encode("a\u00e9bX"), ElementsAre(1, 0, 2, 0));
}

TEST(TokenizerJson, ASignStandsBeforeEachWordOrTheFirst) {
  const auto ids = [](const char* scheme, bool splits) {
    Json json = unigram();
    json["added_tokens"] = Json::parse(R"([{"id": 7, "content": "[S]", "normalized": false}])");
    json["pre_tokenizer"]["prepend_scheme"] = scheme;
    json["pre_tokenizer"]["split"] = splits;
    return made(json).encode("ab[S]ab");
  };
  EXPECT_THAT(ids("always", true), ElementsAre(1, 4, 7, 1, 4));
  EXPECT_THAT(ids("first", true), ElementsAre(1, 4, 7, 4));
  EXPECT_THAT(ids("first", false), ElementsAre(1, 4, 7, 4));
  EXPECT_THAT(ids("never", true), ElementsAre(4, 7, 4));
  // Without a division "a a" is one word, in which a token may hold a sign and what stands before.
  Json json = unigram();
  json["model"]["vocab"].push_back({"a\u2581a", -1.0});
  EXPECT_THAT(made(json).encode("a a"), ElementsAre(1, 2, 1, 2));
  json["pre_tokenizer"]["split"] = false;
  EXPECT_THAT(made(json).encode("a a"), ElementsAre(1, 7));
}

TEST(TokenizerJson, UnigramsAndRulesThatAreNoneAreRefused) {
  const auto of = [](const char* pointer, const char* value) {
    return refusal(unigram(), pointer, value);
  };
  EXPECT_EQ(of("/model/vocab", "[]"),
            "/model/vocab: expected at least one token, found a list of 0");
  EXPECT_EQ(of("/model/vocab/1", "[\"a\"]"),
            "/model/vocab/1: expected a token and its score, found a list of 1");
  EXPECT_EQ(of("/model/vocab/1/0", "\"a\""),
            "/model/vocab/2/0: expected a text that is not empty and not that of another token, "
            "found \"a\"");
  EXPECT_EQ(of("/model/unk_id", "7"), "/model/unk_id: expected an integer from 0 to 6, found 7");
  EXPECT_EQ(of("/pre_tokenizer/replacement", "\"__\""),
            "/pre_tokenizer/replacement: expected one character, found \"__\"");
  EXPECT_EQ(of("/pre_tokenizer/prepend_scheme", "\"often\""),
            "/pre_tokenizer/prepend_scheme: expected always, first or never, found \"often\"");
  for (const char* rules : {"", "AAAA", "!!!!", "EAAAAAAA", "AAAA="}) {
    Json json = unigram();
    json["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", rules}};
    EXPECT_THAT(refusal(json.dump()),
                testing::StartsWith("/normalizer/precompiled_charsmap: expected SentencePiece's "
                                    "compiled rules in base64, found "))
        << rules;
  }
}

/// A table that leads outside of itself, and one that goes round in circles, change nothing.
TEST(TokenizerJson, RulesWhoseTableIsWrongAreHarmless) {
  for (const char* rules : {"CAAAAP///3////9/", "CAAAAAD//wAA//8AAA==", "BAAAAAAFAAA="}) {
    Json json = unigram();
    json["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", rules}};
    EXPECT_THAT(made(json).encode("ab"), ElementsAre(1, 4)) << rules;
  }
}

TEST(TokenizerJson, ExpressionsThatMeanSomethingElseToIcuAreRefused) {
  const auto of = [](const char* expression) {
    Json json = bpe();
    json["pre_tokenizer"] = {{"type", "Split"},
                             {"pattern", {{"Regex", expression}}},
                             {"behavior", "Isolated"},
                             {"invert", false}};
    return json;
  };
  EXPECT_EQ(refusal(of("\\h+").dump()),
            "the expression \"\\\\h+\" cannot be used (\\h is not known)");
  EXPECT_EQ(refusal(of("(").dump()),
            "the expression \"(\" cannot be used (U_REGEX_MISMATCHED_PAREN)");
  const Tokenizer slow = made(of("(a*)*(a*)*b"));
  const auto [exit, sentence] = error_of([&] { slow.encode(std::string(5000, 'a')); });
  EXPECT_EQ(exit, Exit::bad_data);
  EXPECT_EQ(sentence,
            "The tokenizer: an expression goes back too often on a text of 5000 bytes. Shorten the "
            "text, or choose another tokenizer.");
}

TEST(TokenizerJson, TokensOfNoLengthOrTooMuchAreNamed) {
  Json json = bpe();
  json["model"]["vocab"][""] = 900;
  EXPECT_EQ(refusal(json.dump()),
            "/model/vocab: expected tokens of 1 to 1024 bytes, found an empty one, \"\", with the "
            "id 900");
  json = bpe();
  json["model"]["vocab"][std::string(2000, 'a')] = 900;
  EXPECT_THAT(refusal(json.dump()), testing::EndsWith("of 2000 bytes"));
}

TEST(TokenizerJson, AddedTokensAreFoundBeforeAnythingElse) {
  Json json = word_piece();
  json["added_tokens"] = Json::parse(R"([
    {"id": 1, "content": "[MASK]", "lstrip": true, "normalized": false},
    {"id": 7, "content": "[MASK]]", "rstrip": true, "normalized": false},
    {"id": 8, "content": "AB", "single_word": true, "normalized": true}])");
  const Tokenizer tokenizer = made(json);
  EXPECT_THAT(tokenizer.encode("a  [MASK]a"), ElementsAre(2, 1, 2));
  EXPECT_THAT(tokenizer.encode("[MASK]]   ,"), ElementsAre(7, 6)) << "the longest";
  EXPECT_THAT(tokenizer.encode("ab,aab"), ElementsAre(8, 6, 2, 5, 3)) << "normalised as the text";
}

TEST(TokenizerJson, ATemplateOfSeveralTokensHasNoBegin) {
  Json json = word_piece();
  json["post_processor"] = Json::parse(R"({
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "y", "type_id": 0}}],
    "pair": [],
    "special_tokens": {"x": {"id": "x", "ids": [2, 4], "tokens": ["a", "ab"]},
                       "y": {"id": "y", "ids": [6], "tokens": [","]}}})");
  const Tokenizer tokenizer = made(json);
  EXPECT_EQ(tokenizer.id_of(SpecialId::begin), std::nullopt);
  EXPECT_EQ(tokenizer.id_of(SpecialId::end), 6);
  EXPECT_EQ(tokenizer.pad(), 6) << "end, for want of a pad";
  EXPECT_EQ(error_of([&] { tokenizer.required(SpecialId::begin); }),
            std::pair(Exit::bad_recipe,
                      std::string("The tokenizer has no single begin token, which the recipe asks "
                                  "for. Leave it out, or choose another tokenizer; `weft "
                                  "tokenizer encode` shows what it does.")));
}

}  // namespace
}  // namespace weft::host
