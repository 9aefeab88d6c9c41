// SPDX-License-Identifier: Apache-2.0
/// metric.bleu against sacrebleu 2.6, and against pycocoevalcap's BLEU of captions.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.bleu";

std::string flat(const std::string& text) {
  std::string joined;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank)
      joined += c;
    else if (!joined.empty() && joined.back() != ' ')
      joined += ' ';
  }
  if (!joined.empty() && joined.back() == ' ') joined.pop_back();
  return joined;
}

std::vector<Pair> pairs(bool two) {
  std::vector<Pair> list;
  const Json data = cases_of("text_pairs");
  for (const Json& one : data["cases"]) {
    list.push_back({flat(one["candidate"]), {flat(one["reference"])}});
    if (two && one["second_reference"].is_string())
      list.back().references.push_back(flat(one["second_reference"]));
  }
  return list;
}

TEST(Bleu, MatchesSacrebleu) {
  const Json corpus = cases_of("text_pairs")["corpus"];
  for (const std::string tokenize : {"13a", "intl", "char", "none"}) {
    const auto found = measure(id, R"({"tokenize": ")" + tokenize + "\"}", pairs(false));
    const Json& expected = corpus["bleu_" + tokenize];
    EXPECT_NEAR(found.at("bleu"), expected["score"], 1e-6) << tokenize;
    EXPECT_NEAR(found.at("brevity_penalty"), expected["bp"], 1e-9) << tokenize;
    EXPECT_NEAR(found.at("length_ratio"),
                expected["sys_len"].get<double>() / expected["ref_len"].get<double>(), 1e-9);
  }
  EXPECT_NEAR(measure(id, "{}", pairs(true)).at("bleu"), corpus["bleu_13a_two_references"]["score"],
              1e-6);
  EXPECT_NEAR(measure(id, R"({"lowercase": true})", pairs(false)).at("bleu"),
              corpus["bleu_13a_lower"]["score"], 1e-6);
}

TEST(Bleu, OfOneSentenceIsSacrebleusWithEverySmoothing) {
  const Json cases = cases_of("text_pairs")["cases"];
  for (const std::string smooth : {"exp", "floor", "add-k", "none"})
    for (const Json& one : cases) {
      const auto found = measure(id, R"({"effective_order": true, "smooth": ")" + smooth + "\"}",
                                 {{flat(one["candidate"]), {flat(one["reference"])}}});
      EXPECT_NEAR(found.at("bleu"), one["scores"]["sentence_bleu_" + smooth], 1e-6)
          << smooth << ": " << one["candidate"];
    }
}

TEST(Bleu, OfCaptionsIsThatOfCoco) {
  const Json captions = cases_of("captions");
  std::vector<Pair> list;
  for (const Json& one : captions["cases"])
    list.push_back({one["candidate_tokens"], one["reference_tokens"]});
  for (int n = 1; n <= 4; ++n) {
    const std::string config =
        R"({"tokenize": "none", "smooth": "none", "max_ngram": )" + std::to_string(n) + "}";
    EXPECT_NEAR(measure(id, config, list).at("bleu") / 100,
                captions["corpus"]["bleu_" + std::to_string(n)], 1e-6);
  }
}

TEST(Bleu, ByHand) {
  // the cat sat: 3 of 3 words, 1 of 2 pairs; one word too few.
  const auto found = measure(id, R"({"max_ngram": 2})", {{"the cat the", {"the cat sat the mat"}}});
  EXPECT_NEAR(found.at("bleu"), 100 * std::exp(1 - 5.0 / 3) * std::sqrt(3.0 / 3 * 1.0 / 2), 1e-9);
  EXPECT_NEAR(measure(id, "{}", {{"a b c d e", {"a b c d e"}}}).at("bleu"), 100, 1e-9);
  EXPECT_EQ(measure(id, "{}", {{"x", {"a b c d e"}}}).at("bleu"), 0);
  EXPECT_EQ(measure(id, "{}", {{"", {"a"}}}).at("bleu"), 0);
}

TEST(Bleu, BatchesAddUp) {
  expect_same_in_batches(id, "{}", pairs(true));
  expect_absent_rows_left_out(id, "{}", {"the cat sat on a mat", {"the cat sat on the mat"}});
}

// Their own bytes must never end a program.
TEST(Bleu, TakesBytesThatAreNoUtf8) {
  for (const char* tokenize : {"13a", "intl", "char", "none"})
    EXPECT_NEAR(measure(id, std::string(R"({"max_ngram": 1, "tokenize": ")") + tokenize + "\"}",
                        {{"\xff\xc3 \xe2\x82", {"\xff\xc3 \xe2\x82"}}})
                    .at("bleu"),
                100, 1e-9);
}

TEST(Bleu, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"tokenize": "moses"})"), testing::HasSubstr("tokenize"));
  EXPECT_THAT(rejection(id, R"({"max_ngram": 0})"), testing::HasSubstr("max_ngram"));
}

}  // namespace
}  // namespace weft::test
