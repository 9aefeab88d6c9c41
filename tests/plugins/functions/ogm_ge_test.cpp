// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "tests/plugins/functions/modulation_cases.hpp"

namespace weft::test {
namespace {

TEST(OgmGe, EqualsTheFormulaAndIsOffAtAlphaZero) {
  const auto& json = cases("ogm_ge");
  Arrays inputs{{"target", {labels(json.at("target"))}}};
  for (const auto& logits : json.at("logits")) inputs["logits"].push_back(array_of(logits));
  Part part("function.ogm_ge", R"({"alpha": 0.7})", {{"logits", 3}}, f64);
  const auto out = part.run(inputs, true);
  expect_near(out.at("ratio"), array_of(json.at("ratio")), 1e-12);
  expect_near(out.at("scale"), array_of(json.at("scale")), 1e-12);
  EXPECT_EQ(part.infer(inputs).at("scale"), std::vector<std::int64_t>{3});
  Part off("function.ogm_ge", R"({"alpha": 0})", {{"logits", 3}}, f64);
  expect_near(off.run(inputs, true).at("scale"), floats({1, 1, 1}, {3}, f64), 0.0);
}

TEST(OgmGe, LeavesOutRowsThatAreNotPresent) {
  const auto& json = cases("ogm_ge");
  Arrays inputs{{"target", {labels(json.at("target"))}}, {"present", {mask({1, 0, 1, 1}, {4})}}};
  for (const auto& logits : json.at("logits")) inputs["logits"].push_back(array_of(logits));
  Part part("function.ogm_ge", "{}", {{"logits", 3}}, f64);
  const auto before = part.run(inputs).at("scale");
  for (std::int64_t c = 0; c < 3; ++c)
    inputs["logits"][0].data<double>()[3 + c] = 50.0 * static_cast<double>(c);
  expect_near(part.run(inputs).at("scale"), before, 0.0);
}

TEST(OgmGe, NeedsTwoModalities) {
  EXPECT_THAT(rejection("function.ogm_ge", "{}", {{"logits", 1}}),
              testing::HasSubstr("one modality is compared with the others: wire two or more"));
}

}  // namespace
}  // namespace weft::test
