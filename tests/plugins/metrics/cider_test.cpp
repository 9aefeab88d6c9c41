// SPDX-License-Identifier: Apache-2.0
/// metric.cider against pycocoevalcap 1.2, and without its minimum and length against the formula.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.cider";
const char* const words_given = R"({"tokenize": "none"})";

std::vector<Pair> pairs(bool tokens) {
  std::vector<Pair> list;
  const Json data = cases_of("captions");
  for (const Json& one : data["cases"])
    list.push_back({one[tokens ? "candidate_tokens" : "candidate"],
                    one[tokens ? "reference_tokens" : "references"]});
  return list;
}

TEST(Cider, MatchesPycocoevalcap) {
  const Json corpus = cases_of("captions")["corpus"];
  EXPECT_NEAR(measure(id, words_given, pairs(true)).at("cider"), corpus["cider_d"], 1e-6);
  EXPECT_NEAR(measure(id, R"({"tokenize": "none", "variant": "cider"})", pairs(true)).at("cider"),
              corpus["cider_plain"], 1e-6);
}

// The words that it makes itself stand for the Stanford tokenizer's.
TEST(Cider, OfCaptionsAsTheyAreIsNear) {
  EXPECT_NEAR(measure(id, "{}", pairs(false)).at("cider"),
              cases_of("captions")["corpus"]["cider_d"], 1e-6);
}

TEST(Cider, BatchesStandOneBelowTheOther) {
  expect_same_in_batches(id, words_given, pairs(true));
}

TEST(Cider, ByHand) {
  // Two pictures that share no word: each n-gram weighs log 2, and equal texts have likeness 1 for
  // each n that they have.
  const auto found = measure(id, words_given, {{"a b", {"a b"}}, {"c d", {"x y"}}});
  EXPECT_NEAR(found.at("cider"), (10 * (1.0 + 1.0) / 4 + 0) / 2, 1e-12);
  // Of one picture every n-gram is in all pictures.
  EXPECT_EQ(measure(id, words_given, {{"a b", {"a b"}}}).at("cider"), 0);
}

TEST(Cider, OfNothingIsNoNumber) {
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("cider")));
}

TEST(Cider, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"sigma": 0})"), testing::HasSubstr("sigma"));
}

}  // namespace
}  // namespace weft::test
