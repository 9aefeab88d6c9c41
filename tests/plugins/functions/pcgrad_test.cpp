// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "tests/plugins/functions/modulation_cases.hpp"

namespace weft::test {
namespace {

TEST(PcGrad, ProjectsWhatConflictsAndNothingElse) {
  for (const auto& json : cases("pcgrad")) {
    Part part("function.pcgrad", R"({"losses": 2})", {}, f64);
    const Array scale = part.run({{"gram", {one_group(json.at("gram"))}}}, true, 4).at("scale");
    expect_near(summed(scale, json.at("vectors")), array_of(json.at("sum")), 1e-12);
  }
  Part part("function.pcgrad", R"({"losses": 3})", {}, f64);
  const Array gram = floats({1, 2, 0, 2, 5, 1, 0, 1, 3}, {1, 3, 3}, f64);
  expect_near(part.run({{"gram", {gram}}}).at("scale"), floats({1, 1, 1}, {1, 3}, f64), 0.0);
}

TEST(PcGrad, GroupsAreProjectedByThemselves) {
  Part part("function.pcgrad", R"({"losses": 2})", {}, f64);
  const Array gram = floats({1, -1, -1, 4, 1, 1, 1, 4}, {2, 2, 2}, f64);
  expect_near(part.run({{"gram", {gram}}}).at("scale"), floats({2, 1.25, 1, 1}, {2, 2}, f64),
              1e-12);
}

}  // namespace
}  // namespace weft::test
