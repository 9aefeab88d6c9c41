// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "tests/plugins/functions/modulation_cases.hpp"

namespace weft::test {
namespace {

TEST(CaGrad, FindsTheDirectionOfTheGridAndIsTheSumAtZero) {
  const auto& json = cases("cagrad");
  Part part("function.cagrad", R"({"losses": 2, "c": 0.4, "iterations": 400})", {}, f64);
  const Arrays inputs{{"gram", {one_group(json.at("gram"))}}};
  const Array scale = part.run(inputs).at("scale");
  expect_near(summed(scale, json.at("vectors")), array_of(json.at("sum")), 2e-3);
  Part off("function.cagrad", R"({"losses": 2, "c": 0})", {}, f64);
  expect_near(off.run(inputs).at("scale"), floats({1, 1}, {1, 2}, f64), 0.0);
}

}  // namespace
}  // namespace weft::test
