// SPDX-License-Identifier: Apache-2.0
#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "fusion.concat";

TEST(Concat, AddsTheModalityToEachToken) {
  Part part(id, R"({"dim": 2})", {{"streams", 2}});
  part.set("modality_0", floats({10, 20}, {2}));
  part.set("modality_1", floats({-1, -2}, {2}));
  const Array a = floats({1, 2, 3, 4}, {1, 2, 2}), b = floats({5, 6}, {1, 1, 2});
  const auto out = part.run({{"streams", {a, b}}});
  expect_near(out.at("tokens"), floats({11, 22, 13, 24, 4, 4}, {1, 3, 2}), 0.0);
  expect_near(out.at("mask"), mask({1, 1, 1}, {1, 3}), 0.0);
}

TEST(Concat, PutsMasksSideBySideAndFillsInMissingOnes) {
  Part part(id, R"({"dim": 2})", {{"streams", 3}});
  const auto out =
      part.run({{"streams", {random({1, 2, 2}, 1), random({1, 2, 2}, 2), random({1, 1, 2}, 3)}},
                {"masks", {mask({1, 0}, {1, 2}), Array{}, mask({0}, {1, 1})}}});
  expect_near(out.at("mask"), mask({1, 0, 1, 1, 0}, {1, 5}), 0.0);
}

TEST(Concat, PaddingNeverReachesARealToken) {
  Part part(id, R"({"dim": 3})", {{"streams", 2}});
  const Array a = random({2, 3, 3}, 1), b = random({2, 2, 3}, 2);
  const Array real_a = length_mask({3, 1}, 3), real_b = length_mask({1, 2}, 2);
  const auto run = [&](double value) {
    return part.run({{"streams", {poisoned(a, real_a, value), poisoned(b, real_b, value)}},
                     {"masks", {real_a, real_b}}});
  };
  const auto poisoned_out = run(1e9), clean_out = run(0.0);
  const Array& real = clean_out.at("mask");
  expect_near(poisoned(poisoned_out.at("tokens"), real, 0.0),
              poisoned(clean_out.at("tokens"), real, 0.0), 0.0);
}

TEST(Concat, GradientsMatchDifferences) {
  Part part(id, R"({"dim": 3})", {{"streams", 2}}, DType::float64);
  expect_gradients(
      part,
      {{"streams", {random({2, 3, 3}, 1, DType::float64), random({2, 1, 3}, 2, DType::float64)}}},
      "tokens");
}

TEST(Concat, InfersItsShapes) {
  const Part part(id, R"({"dim": 4})", {{"streams", 2}});
  const auto shapes = part.infer({{"streams", {random({2, 3, 4}, 1), random({2, 5, 4}, 2)}}});
  EXPECT_EQ(shapes.at("tokens"), (std::vector<std::int64_t>{2, 8, 4}));
  EXPECT_EQ(shapes.at("mask"), (std::vector<std::int64_t>{2, 8}));
}

TEST(Concat, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"dim": 0})"), testing::HasSubstr("dim"));
  EXPECT_THAT(rejection(id, R"({"width": 4})"), testing::HasSubstr("width"));
}

}  // namespace
}  // namespace weft::test
