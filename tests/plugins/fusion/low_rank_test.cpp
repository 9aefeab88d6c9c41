// SPDX-License-Identifier: Apache-2.0
/// fusion.low_rank against its equations in NumPy (tests/reference/shipped_parts.py).

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "fusion.low_rank";

TEST(LowRank, MatchesNumPy) {
  const Weights from = reference("low_rank");
  Part part(id, R"({"dim": 3, "rank": 2})", {{"streams", 3}}, DType::float64);
  const auto out = part.run(give_all(part, from));
  expect_near(out.at("tokens"), from.at("out.tokens"), 1e-10);
}

TEST(LowRank, GradientsMatchDifferences) {
  Part part(id, R"({"dim": 4, "rank": 2})", {{"streams", 2}}, DType::float64);
  expect_gradients(
      part,
      {{"streams", {random({2, 3, 4}, 1, DType::float64), random({2, 2, 4}, 2, DType::float64)}},
       {"masks", {length_mask({3, 2}, 3), Array{}}}},
      "tokens", 1e-6);
}

TEST(LowRank, PaddingNeverReachesARealToken) {
  Part part(id, R"({"dim": 4, "rank": 2})", {{"streams", 2}}, DType::float64);
  const Array a = random({1, 3, 4}, 1, DType::float64), b = random({1, 4, 4}, 2, DType::float64);
  const Array real_a = length_mask({2}, 3), real_b = length_mask({1}, 4);
  const Array padded = part.run({{"streams", {poisoned(a, real_a, 1e4), poisoned(b, real_b, 1e4)}},
                                 {"masks", {real_a, real_b}}})
                           .at("tokens");
  const Array alone = part.run({{"streams", {steps(a, 0, 2), steps(b, 0, 1)}}}).at("tokens");
  expect_near(padded, alone, 1e-9);
}

TEST(LowRank, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"rank": 0})", {{"streams", 2}}), testing::HasSubstr("rank"));
}

}  // namespace
}  // namespace weft::test
