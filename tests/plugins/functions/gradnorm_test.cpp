// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "tests/plugins/functions/modulation_cases.hpp"

namespace weft::test {
namespace {

TEST(GradNorm, WeightsFollowTheDifferentiatedObjective) {
  const auto& json = cases("gradnorm");
  Part part("function.gradnorm", R"({"losses": 2, "alpha": 1.5, "lr": 0.05})", {}, f64);
  for (std::size_t i = 0; i < json.at("losses").size(); ++i) {
    const double a = json["norms"][i][0], b = json["norms"][i][1];
    const auto out = part.run({{"gram", {floats({a * a, 0.1, 0.1, b * b}, {1, 2, 2}, f64)}},
                               {"loss", {array_of(json["losses"][i])}}},
                              true);
    expect_near(out.at("scale"), array_of(nlohmann::json::array({json["scales"][i]})), 1e-6);
    part.step();
    EXPECT_NEAR(element(part.get("weights"), 0) + element(part.get("weights"), 1), 2.0, 1e-6);
  }
}

}  // namespace
}  // namespace weft::test
