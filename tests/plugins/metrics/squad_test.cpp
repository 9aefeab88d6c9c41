// SPDX-License-Identifier: Apache-2.0
/// metric.squad against SQuAD's official rules.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.squad";

TEST(Squad, MatchesTheOfficialRules) {
  const Json data = cases_of("squad");
  std::vector<Pair> pairs;
  for (const Json& one : data["cases"]) {
    pairs.push_back({one["prediction"], one["answers"]});
    const auto found = measure(id, "{}", {pairs.back()});
    EXPECT_EQ(found.at("exact_match"), one["exact"]) << one["prediction"];
    EXPECT_NEAR(found.at("f1"), one["f1"], 1e-9) << one["prediction"];
  }
  const auto found = measure(id, "{}", pairs);
  EXPECT_NEAR(100 * found.at("exact_match"), data["corpus"]["exact"], 1e-9);
  EXPECT_NEAR(100 * found.at("f1"), data["corpus"]["f1"], 1e-9);
  expect_same_in_batches(id, "{}", pairs);
}

TEST(Squad, ByHand) {
  const auto exact = [](const std::string& predicted, const Lines& answers) {
    return measure(id, "{}", {{predicted, answers}}).at("exact_match");
  };
  EXPECT_EQ(exact("The  Eiffel Tower!", {"eiffel tower"}), 1);
  EXPECT_EQ(exact("Eiffel", {"tower", "eiffel"}), 1);
  EXPECT_EQ(exact("ÉCOLE", {"école"}), 1);
  EXPECT_EQ(exact("theatre", {"atre"}), 0);  // an article inside a word stays
  EXPECT_EQ(exact("théa", {"thé"}), 0);
  EXPECT_EQ(exact("a–b", {"–b"}), 1);  // beside a dash of another script it goes
  EXPECT_NEAR(measure(id, "{}", {{"red car", {"big red car park"}}}).at("f1"), 2 * 1.0 * 0.5 / 1.5,
              1e-12);
  EXPECT_EQ(measure(id, "{}", {{"the", {"a"}}}).at("exact_match"), 1);  // both are empty
}

TEST(Squad, LeavesOutWhatIsAbsent) {
  expect_absent_rows_left_out(id, "{}", {"red car", {"blue car"}});
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("f1")));
}

TEST(Squad, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"lower": true})"), testing::HasSubstr("lower"));
}

}  // namespace
}  // namespace weft::test
