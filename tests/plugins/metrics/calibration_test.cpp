// SPDX-License-Identifier: Apache-2.0
/// metric.calibration against its definition written out.

#include <nlohmann/json.hpp>

#include "tests/plugins/metrics/rows_of_classes.hpp"

namespace weft::test {
namespace {

const char* const id = "metric.calibration";

/// Logits of two classes whose larger probability, of class 0, is p.
Array with_confidence(const std::vector<double>& p) {
  std::vector<double> logits;
  for (const double one : p) {
    logits.push_back(std::log(one / (1 - one)));
    logits.push_back(0);
  }
  return floats(logits, {static_cast<std::int64_t>(p.size()), 2}, DType::float64);
}

TEST(Calibration, ByHand) {
  Part part(id, R"({"bins": 10})");
  part.update({{"logits", {with_confidence({0.82, 0.88, 0.84, 0.65})}},
               {"target", {ints({0, 0, 1, 1}, {4})}}});
  // The bin (0.8, 0.9]: 2 of 3 right at 0.8467; (0.6, 0.7]: 0 of 1 at 0.65.
  EXPECT_NEAR(part.compute().at("ece"),
              3.0 / 4 * std::abs(2.0 / 3 - (0.82 + 0.88 + 0.84) / 3) + 1.0 / 4 * 0.65, 1e-12);
}

TEST(Calibration, OfOneThatKnowsHowSureItIsIsZero) {
  Part part(id);
  part.update({{"logits", {with_confidence({0.75, 0.75, 0.75, 0.75})}},
               {"target", {ints({0, 0, 0, 1}, {4})}}});
  EXPECT_NEAR(part.compute().at("ece"), 0, 1e-12);
}

TEST(Calibration, BatchesAddUpToTheDefinition) {
  const Json data = cases_of("classification");
  std::vector<std::array<double, 3>> bins(15);
  for (std::size_t row = 0; row < data["labels"].size(); ++row) {
    const std::vector<double> z = data["logits"][row];
    double sum = 0;
    for (const double one : z) sum += std::exp(one);
    const auto best = std::max_element(z.begin(), z.end());
    const double p = std::exp(*best) / sum;
    auto& [confidence, right, count] = bins[static_cast<std::size_t>(std::ceil(p * 15)) - 1];
    confidence += p;
    right += best - z.begin() == data["labels"][row].get<std::ptrdiff_t>() ? 1 : 0;
    ++count;
  }
  double expected = 0;
  for (const auto& [confidence, right, count] : bins)
    if (count > 0) expected += count / 222 * std::abs(right / count - confidence / count);
  ASSERT_GT(expected, 0.01);
  for (const std::int64_t batch : {222, 40})
    EXPECT_NEAR(measure_classes(id, "{}", data, batch).at("ece"), expected, 1e-9);
}

TEST(Calibration, LeavesOutRowsThatAreAbsent) {
  Part part(id, "{}", {{"present", 1}});
  EXPECT_TRUE(std::isnan(part.compute().at("ece")));
  part.update({{"logits", {with_confidence({0.75, 0.9})}},
               {"target", {ints({0, 0}, {2})}},
               {"present", {mask({1, 0}, {2})}}});
  EXPECT_NEAR(part.compute().at("ece"), 0.25, 1e-12);
}

TEST(Calibration, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"bins": 0})"), testing::HasSubstr("bins"));
}

}  // namespace
}  // namespace weft::test
