// SPDX-License-Identifier: Apache-2.0
/// metric.chrf against sacrebleu 2.6.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.chrf";

TEST(ChrF, MatchesSacrebleu) {
  const Json data = cases_of("text_pairs");
  for (const auto& [name, config] : {std::pair{"chrf", "{}"}, {"chrf++", R"({"word_order": 2})"}}) {
    std::vector<Pair> pairs;
    for (const Json& one : data["cases"]) {
      pairs.push_back({one["candidate"], {one["reference"]}});
      EXPECT_NEAR(measure(id, config, {pairs.back()}).at("chrf"), one["scores"][name], 1e-6);
    }
    EXPECT_NEAR(measure(id, config, pairs).at("chrf"), data["corpus"][name]["score"], 1e-6);
    expect_same_in_batches(id, config, pairs);
  }
}

TEST(ChrF, ByHand) {
  // "ab" of "abc": P 1, R 2/3 of letters; P 1, R 1/2 of pairs.
  const double precision = 1, recall = (2.0 / 3 + 1.0 / 2) / 2;
  EXPECT_NEAR(measure(id, R"({"char_order": 2})", {{"ab", {"a bc"}}}).at("chrf"),
              100 * 5 * precision * recall / (4 * precision + recall), 1e-9);
  EXPECT_NEAR(measure(id, "{}", {{"Wort", {"anders", "Wort"}}}).at("chrf"), 100, 1e-9);
  EXPECT_EQ(measure(id, "{}", {{"", {"a"}}}).at("chrf"), 0);
}

TEST(ChrF, LeavesOutWhatIsAbsent) {
  expect_absent_rows_left_out(id, "{}", {"the cat", {"the mat"}});
}

TEST(ChrF, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"beta": 0})"), testing::HasSubstr("beta"));
}

}  // namespace
}  // namespace weft::test
