// SPDX-License-Identifier: Apache-2.0
/// fusion.bottleneck against its equations in NumPy (tests/reference/shipped_parts.py).

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "fusion.bottleneck";

TEST(Bottleneck, MatchesNumPy) {
  const Weights from = reference("bottleneck");
  Part part(id, R"({"dim": 4, "tokens": 2, "layers": 3, "heads": 2, "ffn_dim": 6})",
            {{"streams", 3}}, DType::float64);
  const auto out = part.run(give_all(part, from));
  expect_near(out.at("tokens"), from.at("out.tokens"), 1e-10);
  expect_near(out.at("mask"), as_mask(from.at("out.mask")), 0.0);
}

TEST(Bottleneck, GradientsMatchDifferences) {
  Part part(id, R"({"dim": 4, "tokens": 2, "layers": 2, "heads": 2, "ffn_dim": 6})",
            {{"streams", 2}}, DType::float64);
  expect_gradients(
      part,
      {{"streams", {random({2, 3, 4}, 1, DType::float64), random({2, 2, 4}, 2, DType::float64)}},
       {"masks", {length_mask({3, 2}, 3), Array{}}}},
      "tokens", 1e-5);
}

TEST(Bottleneck, PaddingNeverReachesARealToken) {
  Part part(id, R"({"dim": 4, "tokens": 2, "layers": 2, "heads": 2, "ffn_dim": 6})",
            {{"streams", 2}}, DType::float64);
  const Array a = random({1, 3, 4}, 1, DType::float64), b = random({1, 4, 4}, 2, DType::float64);
  const Array real_a = length_mask({2}, 3), real_b = length_mask({1}, 4);
  const Array padded = part.run({{"streams", {poisoned(a, real_a, 1e4), poisoned(b, real_b, 1e4)}},
                                 {"masks", {real_a, real_b}}})
                           .at("tokens");
  const Array alone = part.run({{"streams", {steps(a, 0, 2), steps(b, 0, 1)}}}).at("tokens");
  expect_near(steps(padded, 0, 2), steps(alone, 0, 2), 1e-9);
  expect_near(steps(padded, 3, 1), steps(alone, 2, 1), 1e-9);
}

// What passes between streams passes through the shared tokens, from one layer to the next.
TEST(Bottleneck, StreamsMeetFromTheSecondLayerOn) {
  for (const std::int64_t depth : {1, 2}) {
    Part part(id,
              R"({"dim": 4, "tokens": 1, "heads": 2, "ffn_dim": 6, "layers": )" +
                  std::to_string(depth) + "}",
              {{"streams", 2}}, DType::float64);
    const Array a = random({1, 2, 4}, 1, DType::float64), b = random({1, 2, 4}, 2, DType::float64);
    const Array c = random({1, 2, 4}, 3, DType::float64);
    const Array before = steps(part.run({{"streams", {a, b}}}).at("tokens"), 0, 2);
    const Array after = steps(part.run({{"streams", {a, c}}}).at("tokens"), 0, 2);
    EXPECT_EQ(relative_error(after, before) > 1e-6, depth > 1);
  }
}

TEST(Bottleneck, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"dim": 4, "heads": 3})", {{"streams", 2}}),
              testing::HasSubstr("heads: 3 must divide dim 4"));
}

}  // namespace
}  // namespace weft::test
