// SPDX-License-Identifier: Apache-2.0
/// fusion.perceiver against its equations in NumPy (tests/reference/shipped_parts.py).

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "fusion.perceiver";

TEST(Perceiver, MatchesNumPy) {
  const Weights from = reference("perceiver");
  Part part(id, R"({"dim": 4, "latents": 3, "layers": 2, "heads": 2, "ffn_dim": 6})",
            {{"streams", 3}}, DType::float64);
  const auto out = part.run(give_all(part, from));
  expect_near(out.at("tokens"), from.at("out.tokens"), 1e-10);
}

TEST(Perceiver, GradientsMatchDifferences) {
  Part part(id, R"({"dim": 4, "latents": 2, "layers": 1, "heads": 2, "ffn_dim": 6})",
            {{"streams", 2}}, DType::float64);
  expect_gradients(
      part,
      {{"streams", {random({2, 3, 4}, 1, DType::float64), random({2, 2, 4}, 2, DType::float64)}},
       {"masks", {length_mask({3, 2}, 3), Array{}}}},
      "tokens", 1e-5);
}

TEST(Perceiver, PaddingNeverReachesARealToken) {
  Part part(id, R"({"dim": 4, "latents": 2, "layers": 1, "heads": 2, "ffn_dim": 6})",
            {{"streams", 2}}, DType::float64);
  const Array a = random({1, 3, 4}, 1, DType::float64), b = random({1, 4, 4}, 2, DType::float64);
  const Array real_a = length_mask({2}, 3), real_b = length_mask({1}, 4);
  const Array padded = part.run({{"streams", {poisoned(a, real_a, 1e4), poisoned(b, real_b, 1e4)}},
                                 {"masks", {real_a, real_b}}})
                           .at("tokens");
  const Array alone = part.run({{"streams", {steps(a, 0, 2), steps(b, 0, 1)}}}).at("tokens");
  expect_near(padded, alone, 1e-9);
}

TEST(Perceiver, AsManyLatentsWhateverTheLength) {
  const Part part(id, R"({"dim": 4, "latents": 3, "heads": 2})", {{"streams", 2}});
  EXPECT_EQ(part.infer({{"streams", {random({2, 5, 4}, 1), random({2, 9, 4}, 2)}}}).at("tokens"),
            (std::vector<std::int64_t>{2, 3, 4}));
}

TEST(Perceiver, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"dim": 4, "heads": 3})", {{"streams", 2}}),
              testing::HasSubstr("heads: 3 must divide dim 4"));
}

}  // namespace
}  // namespace weft::test
