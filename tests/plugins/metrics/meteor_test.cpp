// SPDX-License-Identifier: Apache-2.0
/// metric.meteor against NLTK 3.10, without WordNet and with the part of it in tests/data/metrics.

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

const std::string k_folder = WEFT_SOURCE_DIR "/tests/data/metrics/wordnet";

TEST(Meteor, MatchesNltkWithSynonyms) {
  const std::string config = R"({"wordnet": ")" + k_folder + R"("})";
  std::vector<Pair> pairs;
  int others = 0;
  const Json data = cases_of("meteor_wordnet");
  for (const Json& one : data["cases"]) {
    pairs.push_back({one["candidate"], one["references"]});
    const double found = measure(id, config, {pairs.back()}).at("meteor");
    EXPECT_NEAR(found, one["meteor"], 1e-12) << pairs.back().predicted;
    others += found != measure(id, "{}", {pairs.back()}).at("meteor") ? 1 : 0;
  }
  EXPECT_GT(others, 5) << "else no synonym matches";
  expect_same_in_batches(id, config, pairs);
}

TEST(Meteor, SynonymsByHand) {
  const std::string config = R"({"wordnet": ")" + k_folder + R"("})";
  const auto score = [&](const char* written, const char* wanted) {
    return measure(id, config, {{written, {wanted}}}).at("meteor");
  };
  // One of one word, and a chunk.
  EXPECT_NEAR(score("sofa", "couch"), 0.5, 1e-12);
  EXPECT_EQ(measure(id, "{}", {{"sofa", {"couch"}}}).at("meteor"), 0);
  EXPECT_EQ(score("sofa", "car"), 0);
  // Of a form: "men" may be of "man", and "purchas" of no word.
  EXPECT_NEAR(score("men", "man"), 0.5, 1e-12);
  EXPECT_EQ(score("purchase", "buy"), 0);
  // A word that is matched is not free for a synonym.
  EXPECT_NEAR(score("couch sofa", "couch"), (0.5 / (0.9 * 0.5 + 0.1)) * 0.5, 1e-12);
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
  EXPECT_THAT(rejection(id, R"({"wordnet": "/nowhere"})"),
              testing::HasSubstr("expected a folder of WordNet's dictionary, found that "
                                 "/nowhere/index.noun is not there, or is empty. Install Debian's "
                                 "wordnet-base and name /usr/share/wordnet."));
}

}  // namespace
}  // namespace weft::test
