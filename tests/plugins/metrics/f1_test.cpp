// SPDX-License-Identifier: Apache-2.0
/// metric.f1 against scikit-learn.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/rows_of_classes.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.f1";

std::string config(int classes, const std::string& average) {
  return "{\"classes\": " + std::to_string(classes) + ", \"average\": \"" + average + "\"}";
}

/// Scores that choose the given classes.
Array choosing(const std::vector<int>& chosen, int classes) {
  std::vector<double> scores;
  for (const int one : chosen)
    for (int v = 0; v < classes; ++v) scores.push_back(v == one ? 1.0 : 0.0);
  return floats(scores, {static_cast<std::int64_t>(chosen.size()), classes});
}

TEST(F1, MatchesScikitLearn) {
  const Weights from = reference("f1");
  for (const std::string average : {"macro", "micro", "binary"}) {
    Part part(id, R"({"classes": 5, "positive": 2, "average": ")" + average + "\"}");
    for (const std::int64_t first : {0, 25})  // in two batches
      part.update({{"logits", {rows(from.at("in.logits"), first, first == 0 ? 25 : 15)}},
                   {"target", {rows(from.at("in.target"), first, first == 0 ? 25 : 15)}}});
    const auto found = part.compute();
    const Array& expected = from.at("out." + average);
    EXPECT_NEAR(found.at("f1"), element(expected, 0), 1e-12) << average;
    EXPECT_NEAR(found.at("precision"), element(expected, 1), 1e-12) << average;
    EXPECT_NEAR(found.at("recall"), element(expected, 2), 1e-12) << average;
  }
}

TEST(F1, WeightedAndPerClassMatchScikitLearn) {
  const Json data = cases_of("classification");
  const auto weighted = measure_classes(id, R"({"classes": 10, "average": "weighted"})", data, 100);
  const auto each = measure_classes(id, R"({"classes": 10, "average": "per_class"})", data, 100);
  EXPECT_EQ(each.size(), 30U);
  for (const std::string name : {"f1", "precision", "recall"}) {
    EXPECT_NEAR(weighted.at(name), data["scores"]["weighted"][name], 1e-9) << name;
    for (std::size_t c = 0; c < 10; ++c)
      EXPECT_NEAR(each.at(name + "_" + std::to_string(c)), data["scores"]["per_class"][name][c],
                  1e-9)
          << name << c;
  }
}

TEST(F1, CountsByHand) {
  Part part(id, config(2, "binary"));  // 2 true positives, 1 false positive, 3 false negatives
  part.update({{"logits", {choosing({1, 1, 1, 0, 0, 0, 0}, 2)}},
               {"target", {ints({1, 1, 0, 1, 1, 1, 0}, {7})}}});
  const auto found = part.compute();
  EXPECT_DOUBLE_EQ(found.at("precision"), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(found.at("recall"), 2.0 / 5.0);
  EXPECT_DOUBLE_EQ(found.at("f1"), 0.5);
}

TEST(F1, MicroIsTheAccuracy) {
  const Arrays inputs{
      {"logits", {random({20, 4}, 1)}},
      {"target", {ints({0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}, {20})}}};
  Part part(id, config(4, "micro")), accuracy("metric.accuracy");
  part.update(inputs);
  accuracy.update(inputs);
  for (const char* port : {"f1", "precision", "recall"})
    EXPECT_DOUBLE_EQ(part.compute().at(port), accuracy.compute().at("accuracy"));
}

TEST(F1, AllRightIsOneAlsoWithClassesThatNeverCame) {
  for (const char* average : {"macro", "micro", "binary"}) {
    Part part(id, config(4, average));
    part.update({{"logits", {choosing({0, 1, 1}, 4)}}, {"target", {ints({0, 1, 1}, {3})}}});
    EXPECT_DOUBLE_EQ(part.compute().at("f1"), 1.0) << average;
  }
}

TEST(F1, OfNothingIsZero) {
  Part part(id, config(3, "macro"));
  EXPECT_EQ(part.compute().at("f1"), 0.0);
}

TEST(F1, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"classes": 2, "average": "binary", "positive": 2})"),
              testing::HasSubstr("positive: 2 is none of the 2 classes, which start at 0"));
  EXPECT_THAT(rejection(id, config(2, "mean")), testing::HasSubstr("average"));
}

}  // namespace
}  // namespace weft::test
