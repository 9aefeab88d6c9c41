// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "tests/plugins/functions/modulation_cases.hpp"

namespace weft::test {
namespace {

TEST(Dwa, WeighsByTheTwoWindowsBefore) {
  const auto& json = cases("dwa");
  Part part("function.dwa", R"({"losses": 2, "window": 2, "temperature": 1.5})", {}, f64);
  for (std::size_t i = 0; i < json.at("losses").size(); ++i) {
    const auto out = part.run({{"loss", {array_of(json["losses"][i])}}}, true);
    expect_near(out.at("scale"), array_of(nlohmann::json::array({json["scales"][i]})), 1e-9);
    part.step();
  }
}

}  // namespace
}  // namespace weft::test
