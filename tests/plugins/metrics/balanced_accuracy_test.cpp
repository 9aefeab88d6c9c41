// SPDX-License-Identifier: Apache-2.0
/// metric.balanced_accuracy against scikit-learn.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/rows_of_classes.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.balanced_accuracy";

TEST(BalancedAccuracy, MatchesScikitLearn) {
  const Json data = cases_of("classification");
  for (const std::int64_t batch : {222, 50, 1})
    EXPECT_NEAR(measure_classes(id, R"({"classes": 10})", data, batch).at("balanced_accuracy"),
                data["scores"]["balanced_accuracy"], 1e-9);
}

TEST(BalancedAccuracy, ByHand) {
  // Class 0: 3 of 4 right; class 1: 1 of 1; class 2 never came.
  Part part(id, R"({"classes": 3})");
  part.update({{"logits", {floats({1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0}, {5, 3})}},
               {"target", {ints({0, 0, 0, 0, 1}, {5})}}});
  EXPECT_NEAR(part.compute().at("balanced_accuracy"), (3.0 / 4 + 1) / 2, 1e-12);
}

TEST(BalancedAccuracy, LeavesOutRowsThatAreAbsent) {
  Part part(id, R"({"classes": 2})", {{"present", 1}});
  EXPECT_TRUE(std::isnan(part.compute().at("balanced_accuracy")));
  part.update({{"logits", {floats({1, 0, 1, 0}, {2, 2})}},
               {"target", {ints({0, 1}, {2})}},
               {"present", {mask({1, 0}, {2})}}});
  EXPECT_EQ(part.compute().at("balanced_accuracy"), 1);
}

TEST(BalancedAccuracy, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"classes": 0})"), testing::HasSubstr("classes"));
}

}  // namespace
}  // namespace weft::test
