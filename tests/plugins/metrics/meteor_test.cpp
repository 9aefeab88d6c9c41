// SPDX-License-Identifier: Apache-2.0
/// metric.meteor against NLTK 3.10 without WordNet.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.meteor";

TEST(Meteor, MatchesNltk) {
  const Json data = cases_of("captions");
  std::vector<Pair> pairs;
  for (const Json& one : data["cases"]) {
    pairs.push_back({one["candidate_tokens"], one["reference_tokens"]});
    EXPECT_NEAR(measure(id, "{}", {pairs.back()}).at("meteor"), one["meteor"], 1e-9);
  }
  EXPECT_NEAR(measure(id, "{}", pairs).at("meteor"), data["corpus"]["meteor_nltk_stem_only"], 1e-9);
  expect_same_in_batches(id, "{}", pairs);
}

TEST(Meteor, ByHand) {
  // Three of three words in two pieces: "cat sat" and "the".
  EXPECT_NEAR(measure(id, "{}", {{"cat sat the", {"the cat sat"}}}).at("meteor"),
              1 - 0.5 * std::pow(2.0 / 3, 3), 1e-12);
  // Stems: "cats" is "cat". P 1, R 1/2.
  EXPECT_NEAR(measure(id, "{}", {{"Cats", {"cat sat"}}}).at("meteor"),
              (0.5 / (0.9 + 0.1 * 0.5)) * 0.5, 1e-12);
  EXPECT_EQ(measure(id, "{}", {{"x", {"y"}}}).at("meteor"), 0);
  EXPECT_GT(measure(id, R"({"tokenize": "captions"})", {{"A cat.", {"a cat"}}}).at("meteor"), 0.9);
}

TEST(Meteor, LeavesOutWhatIsAbsent) {
  expect_absent_rows_left_out(id, "{}", {"the cat sat", {"the mat"}});
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("meteor")));
}

TEST(Meteor, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"alpha": 2})"), testing::HasSubstr("alpha"));
}

}  // namespace
}  // namespace weft::test
