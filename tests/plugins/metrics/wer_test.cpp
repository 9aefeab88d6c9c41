// SPDX-License-Identifier: Apache-2.0
/// metric.wer against jiwer 4.0.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.wer";

TEST(Wer, MatchesJiwer) {
  const Json data = cases_of("wer");
  std::vector<Pair> pairs;
  for (const Json& one : data["cases"]) {
    pairs.push_back({one["hypothesis"], {one["reference"]}});
    const auto found = measure(id, "{}", {pairs.back()});
    EXPECT_NEAR(found.at("wer"), one["wer"], 1e-9) << one["reference"];
    EXPECT_NEAR(found.at("cer"), one["cer"], 1e-9) << one["reference"];
  }
  const auto found = measure(id, "{}", pairs);
  for (const char* name : {"wer", "mer", "wil", "cer"})
    EXPECT_NEAR(found.at(name), data["corpus"][name], 1e-9) << name;
  expect_same_in_batches(id, "{}", pairs);
}

TEST(Wer, ByHand) {
  const auto found = measure(id, "{}", {{"a x c d", {"a b c"}}});  // b replaced, d too many
  EXPECT_NEAR(found.at("wer"), 2.0 / 3, 1e-12);
  EXPECT_NEAR(found.at("mer"), 2.0 / 4, 1e-12);
  EXPECT_NEAR(found.at("wil"), 1 - 2.0 / 3 * 2.0 / 4, 1e-12);
  EXPECT_NEAR(found.at("cer"), 3.0 / 5, 1e-12);  // b replaced, a blank and d too many
  EXPECT_EQ(measure(id, "{}", {{" a  b ", {"a b"}}}).at("cer"), 0);  // blanks around words
  EXPECT_EQ(measure(id, "{}", {{"", {"a b"}}}).at("wer"), 1);
  EXPECT_EQ(measure(id, "{}", {{"b", {"a", "b", "c"}}}).at("wer"), 0);  // the nearest counts
}

TEST(Wer, CaseAndPunctuationCountUnlessSaidOtherwise) {
  const std::vector<Pair> pairs{{"Don't, PLEASE!", {"don't please"}}};
  EXPECT_EQ(measure(id, "{}", pairs).at("wer"), 1);
  EXPECT_EQ(measure(id, R"({"lowercase": true, "drop_punctuation": true})", pairs).at("wer"), 0);
}

TEST(Wer, CountsCharactersAndNotBytes) {
  EXPECT_NEAR(measure(id, "{}", {{"Öl", {"öl"}}}).at("cer"), 0.5, 1e-12);
}

TEST(Wer, LeavesOutWhatIsAbsent) {
  expect_absent_rows_left_out(id, "{}", {"the cat sat", {"the mat"}});
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("wer")));
}

TEST(Wer, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"upper": true})"), testing::HasSubstr("upper"));
}

}  // namespace
}  // namespace weft::test
