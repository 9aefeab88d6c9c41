// SPDX-License-Identifier: Apache-2.0
/// fusion.film against its equations in NumPy (tests/reference/shipped_parts.py).

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "fusion.film";

TEST(Film, MatchesNumPy) {
  const Weights from = reference("film");
  Part part(id, R"({"dim": 4})", {{"streams", 3}}, DType::float64);
  const auto out = part.run(give_all(part, from));
  expect_near(out.at("tokens"), from.at("out.tokens"), 1e-10);
}

TEST(Film, GradientsMatchDifferences) {
  Part part(id, R"({"dim": 4})", {{"streams", 2}}, DType::float64);
  expect_gradients(
      part,
      {{"streams", {random({2, 3, 4}, 1, DType::float64), random({2, 2, 4}, 2, DType::float64)}},
       {"masks", {length_mask({3, 2}, 3), Array{}}}},
      "tokens", 1e-6);
}

TEST(Film, PaddingNeverReachesARealToken) {
  Part part(id, R"({"dim": 4})", {{"streams", 2}}, DType::float64);
  const Array a = random({1, 3, 4}, 1, DType::float64), b = random({1, 4, 4}, 2, DType::float64);
  const Array real_a = length_mask({2}, 3), real_b = length_mask({1}, 4);
  const Array padded = part.run({{"streams", {poisoned(a, real_a, 1e4), poisoned(b, real_b, 1e4)}},
                                 {"masks", {real_a, real_b}}})
                           .at("tokens");
  const Array alone = part.run({{"streams", {steps(a, 0, 2), steps(b, 0, 1)}}}).at("tokens");
  expect_near(steps(padded, 0, 2), alone, 1e-9);
}

TEST(Film, BeginsAsTheNormalisedFirstStream) {
  Part part(id, R"({"dim": 2})", {{"streams", 2}});
  const auto out = part.run({{"streams", {floats({1, 3, 7, 5}, {1, 2, 2}), random({1, 3, 2}, 1)}}});
  expect_near(out.at("tokens"), floats({-1, 1, 1, -1}, {1, 2, 2}), 1e-4);
  expect_near(out.at("mask"), mask({1, 1}, {1, 2}), 0.0);
  EXPECT_EQ(part.infer({{"streams", {random({2, 5, 2}, 1), random({2, 3, 2}, 2)}}}).at("tokens"),
            (std::vector<std::int64_t>{2, 5, 2}));
}

TEST(Film, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, "{}", {{"streams", 1}}),
              testing::HasSubstr("streams: needs at least two; 1 wired"));
}

}  // namespace
}  // namespace weft::test
