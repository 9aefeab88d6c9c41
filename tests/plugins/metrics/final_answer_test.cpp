// SPDX-License-Identifier: Apache-2.0
/// metric.final_answer against the graders of GSM8K, lm-evaluation-harness and MATH.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/texts.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.final_answer";

std::string config(const std::string& grader) {
  return R"({"grader": ")" + grader + "\"}";
}

TEST(FinalAnswer, JudgesAsTheGradersDo) {
  std::map<std::string, int> right, all;
  const Json data = cases_of("math_answers");
  for (const Json& one : data["cases"]) {
    const std::string grader = one["grader"];
    if (one["reference"].get<std::string>().empty()) continue;  // no reference
    const double found =
        measure(id, config(grader), {{one["predicted"], {one["reference"]}}}).at("accuracy");
    EXPECT_EQ(found, one["right"].get<bool>() ? 1 : 0) << one;
    right[grader] += one["right"].get<bool>() ? 1 : 0;
    ++all[grader];
  }
  for (const auto& [grader, count] : all) {
    EXPECT_GT(right[grader], 4) << grader;
    EXPECT_LT(right[grader], count - 4) << grader;
  }
}

TEST(FinalAnswer, AnyReferenceIsRightAndBatchesAddUp) {
  const std::vector<Pair> pairs{
      {"#### 3", {"#### 4", "#### 3"}}, {"#### 5", {"#### 6"}}, {"5", {"#### 5"}}};
  EXPECT_NEAR(measure(id, "{}", pairs).at("accuracy"), 1.0 / 3, 1e-12);
  expect_same_in_batches(id, "{}", pairs);
  expect_absent_rows_left_out(id, "{}", {"#### 3", {"#### 3"}});
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("accuracy")));
}

TEST(FinalAnswer, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, config("sympy")), testing::HasSubstr("grader"));
}

}  // namespace
}  // namespace weft::test
