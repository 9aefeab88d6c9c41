// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "tests/plugins/functions/modulation_cases.hpp"

namespace weft::test {
namespace {

TEST(Uncertainty, MovesDownItsObjective) {
  const auto& json = cases("uncertainty");
  Part part("function.uncertainty", R"({"losses": 2, "lr": 0.1})", {}, f64);
  for (std::size_t i = 0; i < json.at("losses").size(); ++i) {
    const auto out = part.run({{"loss", {array_of(json["losses"][i])}}}, true);
    expect_near(out.at("scale"), array_of(nlohmann::json::array({json["scales"][i]})), 1e-8);
    part.step();
  }
}

}  // namespace
}  // namespace weft::test
