// SPDX-License-Identifier: Apache-2.0

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "encoder.mlp";

TEST(Mlp, MatchesNumPy) {
  const Weights from = reference("mlp");
  Part part(id, R"({"features": 5, "hidden": [6, 4], "dim": 3, "activation": "gelu"})", {},
            DType::float64);
  const auto out = part.run(give_all(part, from));
  expect_near(out.at("pooled"), from.at("out.pooled"), 1e-10);
  expect_near(reshaped(out.at("tokens"), {3, 3}), from.at("out.pooled"), 1e-10);
}

TEST(Mlp, WithoutHiddenLayersItIsAffine) {
  Part part(id, R"({"features": 2, "hidden": [], "dim": 1})");
  EXPECT_EQ(part.parameter_names(), (std::vector<std::string>{"out.weight", "out.bias"}));
  part.set("out.weight", floats({2, -1}, {1, 2}));
  part.set("out.bias", floats({5}, {1}));
  expect_near(part.run({{"features", {floats({3, 4}, {1, 2})}}}).at("tokens"),
              floats({7}, {1, 1, 1}), 1e-6);
}

TEST(Mlp, GradientsMatchDifferences) {
  Part part(id, R"({"features": 3, "hidden": [4], "dim": 2, "activation": "silu"})", {},
            DType::float64);
  expect_gradients(part, {{"features", {random({2, 3}, 1, DType::float64)}}}, "pooled");
}

TEST(Mlp, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"hidden": [8, 0]})"), testing::HasSubstr("hidden/1"));
  EXPECT_THAT(rejection(id, R"({"hidden": 8})"), testing::HasSubstr("hidden"));
  EXPECT_THAT(rejection(id, R"({"activation": "sine"})"), testing::HasSubstr("activation"));
}

}  // namespace
}  // namespace weft::test
