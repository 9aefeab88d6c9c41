// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "host/base/text.hpp"
#include "tests/plugins/functions/modulation_cases.hpp"

namespace weft::test {
namespace {

TEST(Agm, HoldsSharesToTheirMeanAndIsOffAtAlphaZero) {
  const auto& json = cases("agm");
  for (const double alpha : {0.8, 0.0}) {
    Part part("function.agm", host::concat("{\"alpha\": ", alpha, "}"), {{"without", 2}}, f64);
    for (std::size_t i = 0; i < json.at("joint").size(); ++i) {
      const auto out =
          part.run({{"joint", {array_of(json["joint"][i])}},
                    {"without", {array_of(json["without"][i][0]), array_of(json["without"][i][1])}},
                    {"target", {labels(json["target"][i])}}},
                   true);
      expect_near(out.at("scale"),
                  alpha == 0.0 ? floats({1, 1}, {2}, f64) : array_of(json["scales"][i]),
                  alpha == 0.0 ? 0.0 : 1e-9);
      part.step();
    }
  }
  EXPECT_THAT(rejection("function.agm", "{}", {{"without", 3}}),
              testing::HasSubstr("two wires, found 3"));
}

}  // namespace
}  // namespace weft::test
