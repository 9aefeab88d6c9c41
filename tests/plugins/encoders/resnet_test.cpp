// SPDX-License-Identifier: Apache-2.0
/// encoder.resnet against convolutions written out (tests/reference/shipped_parts.py).

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "encoder.resnet";
const char* const small =
    R"({"height": 5, "width": 4, "channels": 2, "stages": [4, 4, 6], "blocks": 2, "groups": 2,
        "activation": "relu", "dim": 3})";

TEST(ResNet, MatchesNumPy) {
  const Weights from = reference("resnet");
  Part part(id, small, {}, DType::float64);
  const auto out = part.run(give_all(part, from));
  expect_near(out.at("tokens"), from.at("out.tokens"), 1e-10);
  expect_near(out.at("pooled"), from.at("out.pooled"), 1e-10);
}

TEST(ResNet, GradientsMatchDifferences) {
  Part part(id,
            R"({"height": 3, "width": 3, "channels": 1, "stages": [2, 4], "blocks": 1,
                "groups": 2, "dim": 2})",
            {}, DType::float64);
  expect_gradients(part, {{"image", {random({2, 1, 3, 3}, 1, DType::float64)}}}, "tokens", 1e-5);
}

TEST(ResNet, EachStageButTheFirstHalvesTheSize) {
  const Part part(id, small);
  const auto shapes = part.infer({{"image", {random({2, 2, 5, 4}, 1)}}});
  EXPECT_EQ(shapes.at("tokens"), (std::vector<std::int64_t>{2, 2, 3}));  // 5 → 3 → 2, 4 → 2 → 1
}

TEST(ResNet, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"stages": [32, 20]})"),
              testing::HasSubstr("groups: 8 must divide channels 20"));
  EXPECT_THAT(rejection(id, R"({"stages": []})"), testing::HasSubstr("stages"));
  EXPECT_THAT(rejection(id, R"({"stages": [32, 0]})"), testing::HasSubstr("stages/1"));
}

}  // namespace
}  // namespace weft::test
