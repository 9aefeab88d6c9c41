// SPDX-License-Identifier: Apache-2.0
/// fusion.sum against its equations in NumPy (tests/reference/shipped_parts.py).

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "fusion.sum";

TEST(Sum, MatchesNumPy) {
  const Weights from = reference("sum");
  Part part(id, R"({"dim": 4})", {{"streams", 3}}, DType::float64);
  const auto out = part.run(give_all(part, from));
  expect_near(out.at("tokens"), from.at("out.tokens"), 1e-10);
}

TEST(Sum, GradientsMatchDifferences) {
  Part part(id, R"({"dim": 4})", {{"streams", 2}}, DType::float64);
  expect_gradients(
      part,
      {{"streams", {random({2, 3, 4}, 1, DType::float64), random({2, 2, 4}, 2, DType::float64)}},
       {"masks", {length_mask({3, 2}, 3), Array{}}}},
      "tokens", 1e-6);
}

TEST(Sum, PaddingNeverReachesARealToken) {
  Part part(id, R"({"dim": 4})", {{"streams", 2}}, DType::float64);
  const Array a = random({1, 3, 4}, 1, DType::float64), b = random({1, 4, 4}, 2, DType::float64);
  const Array real_a = length_mask({2}, 3), real_b = length_mask({1}, 4);
  const Array padded = part.run({{"streams", {poisoned(a, real_a, 1e4), poisoned(b, real_b, 1e4)}},
                                 {"masks", {real_a, real_b}}})
                           .at("tokens");
  const Array alone = part.run({{"streams", {steps(a, 0, 2), steps(b, 0, 1)}}}).at("tokens");
  expect_near(padded, alone, 1e-9);
}

// Without interaction: what one stream adds does not depend on the other.
TEST(Sum, StreamsAddUpIndependently) {
  Part part(id, R"({"dim": 4})", {{"streams", 2}}, DType::float64);
  const Array a = random({1, 1, 4}, 1, DType::float64), c = random({1, 1, 4}, 2, DType::float64);
  const Array b = random({1, 1, 4}, 3, DType::float64), d = random({1, 1, 4}, 4, DType::float64);
  const auto run = [&](const Array& x, const Array& y) {
    return part.run({{"streams", {x, y}}}).at("tokens");
  };
  for (std::int64_t i = 0; i < 4; ++i)
    EXPECT_NEAR(element(run(a, b), i) - element(run(c, b), i),
                element(run(a, d), i) - element(run(c, d), i), 1e-12);
}

TEST(Sum, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"dim": 0})", {{"streams", 2}}), testing::HasSubstr("dim"));
}

}  // namespace
}  // namespace weft::test
