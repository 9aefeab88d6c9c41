// SPDX-License-Identifier: Apache-2.0
/// metric.vqa_accuracy against VQA's official rule.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.vqa_accuracy";

TEST(VqaAccuracy, MatchesTheOfficialRule) {
  const Json data = cases_of("vqa");
  std::vector<Pair> pairs;
  for (const Json& question : data["cases"])
    for (const auto& [predicted, accuracy] : question["predictions"].items()) {
      pairs.push_back({predicted, question["answers"]});
      EXPECT_NEAR(measure(id, R"({"normalize": false})", {pairs.back()}).at("accuracy"),
                  accuracy.get<double>(), 1e-9)
          << predicted;
    }
  ASSERT_EQ(pairs.size(), 776U);
  EXPECT_NEAR(measure(id, R"({"normalize": false})", pairs).at("accuracy"),
              data["corpus"]["accuracy"], 1e-9);
  expect_same_in_batches(id, "{}", pairs);
}

TEST(VqaAccuracy, ByHand) {
  const auto accuracy = [](const std::string& predicted, const Lines& people) {
    return measure(id, "{}", {{predicted, people}}).at("accuracy");
  };
  const Lines four_of_ten{"2", "2", "2", "2", "3", "3", "4", "4", "5", "6"};
  EXPECT_NEAR(accuracy("2", four_of_ten), 1, 1e-12);
  // Two people: each leaves one, the other eight leave two.
  EXPECT_NEAR(accuracy("3", four_of_ten), (2 * 1.0 / 3 + 8 * 2.0 / 3) / 10, 1e-12);
  EXPECT_NEAR(accuracy("Two", four_of_ten), 1, 1e-12);
  EXPECT_EQ(accuracy("7", four_of_ten), 0);
  EXPECT_NEAR(accuracy("a dog.", {"dog", "dog", "dog", "dog", "cat"}), 1, 1e-12);
  EXPECT_NEAR(accuracy("1,000", {"1000", "1000", "1000", "1000", "x"}), 1, 1e-12);
  EXPECT_NEAR(accuracy("black/white", {"black white", "black white", "black white", "black white"}),
              1, 1e-12);
}

TEST(VqaAccuracy, LeavesOutWhatIsAbsent) {
  expect_absent_rows_left_out(id, "{}", {"yes", {"yes"}});
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("accuracy")));
}

TEST(VqaAccuracy, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"normalize": 1})"), testing::HasSubstr("normalize"));
}

}  // namespace
}  // namespace weft::test
