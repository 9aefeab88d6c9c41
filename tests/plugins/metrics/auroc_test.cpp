// SPDX-License-Identifier: Apache-2.0
/// metric.auroc against scikit-learn.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/rows_of_classes.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.auroc";

TEST(Auroc, MatchesScikitLearn) {
  const Json data = cases_of("classification");
  for (const std::int64_t batch : {222, 50}) {
    EXPECT_NEAR(measure_classes(id, R"({"classes": 10})", data, batch).at("auroc"),
                data["scores"]["roc_auc_ovr_macro"], 1e-9);
    EXPECT_NEAR(measure_classes(id, R"({"classes": 10, "scores": "raw"})", data, batch)
                    .at("average_precision"),
                data["scores"]["average_precision_macro"], 1e-9);
  }
}

std::map<std::string, double> of_one(const std::vector<double>& scores,
                                     const std::vector<std::int64_t>& target) {
  Part part(id, R"({"classes": 1})");
  const auto count = static_cast<std::int64_t>(scores.size());
  part.update({{"logits", {floats(scores, {count, 1})}}, {"target", {ints(target, {count})}}});
  return part.compute();
}

TEST(Auroc, ByHand) {
  EXPECT_EQ(of_one({1, 2, 3, 4}, {0, 0, 1, 1}).at("auroc"), 1);
  EXPECT_EQ(of_one({1, 2, 3, 4}, {1, 1, 0, 0}).at("auroc"), 0);
  EXPECT_EQ(of_one({5, 5, 5, 5}, {0, 1, 0, 1}).at("auroc"), 0.5);
  const auto mixed = of_one({4, 3, 2, 1}, {1, 0, 1, 0});
  EXPECT_NEAR(mixed.at("auroc"), 3.0 / 4, 1e-12);
  EXPECT_NEAR(mixed.at("average_precision"), (1.0 + 2.0 / 3) / 2, 1e-12);
}

TEST(Auroc, OfOneKindAloneIsNoNumber) {
  EXPECT_TRUE(std::isnan(of_one({1, 2}, {1, 1}).at("auroc")));
  Part part(id);
  EXPECT_TRUE(std::isnan(part.compute().at("average_precision")));
}

TEST(Auroc, LeavesOutRowsThatAreAbsent) {
  Part part(id, R"({"classes": 1})", {{"present", 1}});
  part.update({{"logits", {floats({1, 2, 9}, {3, 1})}},
               {"target", {ints({0, 1, 0}, {3})}},
               {"present", {mask({1, 1, 0}, {3})}}});
  EXPECT_EQ(part.compute().at("auroc"), 1);
}

TEST(Auroc, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"scores": "odds"})"), testing::HasSubstr("scores"));
}

}  // namespace
}  // namespace weft::test
