// SPDX-License-Identifier: Apache-2.0
/// metric.rouge against rouge-score 0.1.2, and its ROUGE-L against pycocoevalcap 1.2.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.rouge";
constexpr std::pair<const char*, const char*> k_names[] = {{"rouge_1", "rouge1"},
                                                           {"rouge_2", "rouge2"},
                                                           {"rouge_l", "rougeL"},
                                                           {"rouge_lsum", "rougeLsum"}};

TEST(Rouge, MatchesRougeScore) {
  const Json data = cases_of("text_pairs");
  for (const std::string stem : {"", "_stem"}) {
    const std::string config = stem.empty() ? "{}" : R"({"stem": true})";
    std::vector<Pair> pairs;
    for (const Json& one : data["cases"]) {
      pairs.push_back({one["candidate"], {one["reference"]}});
      const auto found = measure(id, config, {pairs.back()});
      for (const auto& [ours, theirs] : k_names)
        EXPECT_NEAR(found.at(ours), one["scores"][theirs + stem], 1e-6) << ours << stem;
    }
    const auto found = measure(id, config, pairs);
    for (const auto& [ours, theirs] : k_names)
      EXPECT_NEAR(found.at(ours), data["corpus"][theirs + stem]["mean_f"], 1e-6) << ours << stem;
    expect_same_in_batches(id, config, pairs);
  }
}

TEST(Rouge, LOfCaptionsIsThatOfCoco) {
  const Json data = cases_of("captions");
  const char* const config = R"({"words": "blanks", "over": "parts", "beta": 1.2})";
  std::vector<Pair> pairs;
  for (const Json& one : data["cases"]) {
    pairs.push_back({one["candidate_tokens"], one["reference_tokens"]});
    EXPECT_NEAR(measure(id, config, {pairs.back()}).at("rouge_l"), one["rouge_l"], 1e-6);
  }
  EXPECT_NEAR(measure(id, config, pairs).at("rouge_l"), data["corpus"]["rouge_l"], 1e-6);
}

TEST(Rouge, ByHand) {
  const auto found = measure(id, "{}", {{"The cat, the dog", {"the dog the bird", "a"}}});
  EXPECT_NEAR(found.at("rouge_1"), 3.0 / 4, 1e-12);  // the, the, dog of four
  EXPECT_NEAR(found.at("rouge_2"), 1.0 / 3, 1e-12);  // "the dog" of three
  EXPECT_NEAR(found.at("rouge_l"), 2.0 / 4, 1e-12);
}

TEST(Rouge, OfNothingIsNoNumber) {
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("rouge_1")));
  EXPECT_EQ(measure(id, "{}", {{"", {"a"}}}).at("rouge_l"), 0);
}

TEST(Rouge, LeavesOutWhatIsAbsent) {
  expect_absent_rows_left_out(id, "{}", {"the cat sat", {"the mat"}});
}

TEST(Rouge, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"words": "letter"})"), testing::HasSubstr("words"));
}

}  // namespace
}  // namespace weft::test
