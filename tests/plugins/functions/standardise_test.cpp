// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/component.hpp"

namespace weft::test {
namespace {

constexpr DType f64 = DType::float64;

/// [B, 1, 1] of one feature.
Array rows(const std::vector<double>& values) {
  return floats(values, {static_cast<std::int64_t>(values.size()), 1, 1}, f64);
}

TEST(Standardise, TakesInTheRowsOfEveryStep) {
  const auto json =
      nlohmann::json::parse(std::ifstream(WEFT_SOURCE_DIR "/tests/reference/modulation.json"))
          .at("standardise");
  Part part("function.standardise", R"({"dim": 1})", {}, f64);
  for (std::size_t i = 0; i < json.at("steps").size(); ++i) {
    const std::vector<double> all = json["steps"][i];
    const std::size_t half = all.size() / 2;  // a step comes in micro-batches of unlike size
    part.run({{"in", {rows({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(half)})}}},
             true);
    part.run({{"in", {rows({all.begin() + static_cast<std::ptrdiff_t>(half), all.end()})}}}, true);
    part.step();
    EXPECT_NEAR(element(part.get("mean"), 0), json["after"][i][0].get<double>(), 1e-12);
    EXPECT_NEAR(element(part.get("variance"), 0), json["after"][i][1].get<double>(), 1e-12);
  }
  const double mean = element(part.get("mean"), 0), variance = element(part.get("variance"), 0);
  const Array out = part.run({{"in", {rows({2.0})}}}).at("out");
  EXPECT_NEAR(element(out, 0), (2.0 - mean) / std::sqrt(variance + 1e-5), 1e-12);
}

TEST(Standardise, CountsNoPadding) {
  Part part("function.standardise", R"({"dim": 1})", {}, f64);
  part.run(
      {{"in", {floats({1, 100, 3, 200}, {2, 2, 1}, f64)}}, {"mask", {mask({1, 0, 1, 0}, {2, 2})}}},
      true);
  part.step();
  EXPECT_EQ(element(part.get("mean"), 0), 2.0);
  EXPECT_EQ(element(part.get("rows"), 0), 2.0);
}

TEST(Standardise, HasTheGradientOfAnAffineMap) {
  Part part("function.standardise", R"({"dim": 3})", {}, f64);
  part.fill("variance", 4.0);
  expect_gradients(part, {{"in", {random({2, 2, 3}, 1, f64)}}}, "out");
}

}  // namespace
}  // namespace weft::test
