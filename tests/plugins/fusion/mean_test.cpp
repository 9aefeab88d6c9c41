// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "fusion.mean";

TEST(Mean, AveragesTheMeansOfTheStreams) {
  Part part(id, R"({"dim": 2})", {{"streams", 2}});
  const Array a = floats({1, 2, 3, 4, 90, 90}, {1, 3, 2}), b = floats({8, -1}, {1, 1, 2});
  const auto out = part.run({{"streams", {a, b}}, {"masks", {mask({1, 1, 0}, {1, 3}), Array{}}}});
  expect_near(out.at("tokens"), floats({5, 1}, {1, 1, 2}), 1e-6);  // ((2, 3) + (8, -1)) / 2
  expect_near(out.at("mask"), mask({1}, {1, 1}), 0.0);
}

TEST(Mean, EqualsTheSumWrittenOut) {
  constexpr std::int64_t batch = 3, dim = 4;
  const std::vector<std::int64_t> lengths{5, 2, 3};
  std::vector<Array> streams, masks;
  Array expected = Array::empty(DType::float64, {batch, 1, dim});
  std::fill_n(expected.data<double>(), expected.count(), 0.0);
  for (std::size_t s = 0; s < lengths.size(); ++s) {
    const std::int64_t n = lengths[s];
    streams.push_back(random({batch, n, dim}, static_cast<int>(s), DType::float64));
    masks.push_back(length_mask({n, 1, n - 1}, n));
    for (std::int64_t b = 0; b < batch; ++b) {
      double count = 0;
      for (std::int64_t t = 0; t < n; ++t) count += element(masks[s], b * n + t);
      for (std::int64_t t = 0; t < n; ++t)
        for (std::int64_t d = 0; d < dim; ++d)
          if (element(masks[s], b * n + t) != 0)
            expected.data<double>()[b * dim + d] +=
                element(streams[s], (b * n + t) * dim + d) / count / 3.0;
    }
  }
  Part part(id, R"({"dim": 4})", {{"streams", 3}}, DType::float64);
  expect_near(part.run({{"streams", streams}, {"masks", masks}}).at("tokens"), expected, 1e-12);
}

TEST(Mean, PaddingNeverReachesTheOutputOrAGradientEvenAsNan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Part part(id, R"({"dim": 3})", {{"streams", 2}}, DType::float64);
  const Array a = random({2, 4, 3}, 1, DType::float64), b = random({2, 2, 3}, 2, DType::float64);
  const Array real_a = length_mask({4, 1}, 4),
              real_b = length_mask({0, 2}, 2);  // one sample has no token at all
  const auto inputs = [&](double value) {
    return Arrays{{"streams", {poisoned(a, real_a, value), poisoned(b, real_b, value)}},
                  {"masks", {real_a, real_b}}};
  };
  expect_near(part.run(inputs(nan)).at("tokens"), part.run(inputs(0.0)).at("tokens"), 0.0);
  const Array seed = random({2, 1, 3}, 3, DType::float64);
  const auto poisoned_gradients = part.gradients(inputs(nan), "tokens", seed).inputs.at("streams");
  const auto gradients = part.gradients(inputs(0.0), "tokens", seed).inputs.at("streams");
  for (const std::size_t i : {0u, 1u}) expect_near(poisoned_gradients[i], gradients[i], 0.0);
}

TEST(Mean, GradientsMatchDifferences) {
  Part part(id, R"({"dim": 3})", {{"streams", 2}}, DType::float64);
  expect_gradients(
      part,
      {{"streams", {random({2, 3, 3}, 1, DType::float64), random({2, 2, 3}, 2, DType::float64)}},
       {"masks", {length_mask({3, 1}, 3), Array{}}}},
      "tokens");
}

TEST(Mean, InfersItsShapes) {
  const Part part(id, R"({"dim": 4})", {{"streams", 2}});
  const auto shapes = part.infer({{"streams", {random({2, 3, 4}, 1), random({2, 5, 4}, 2)}}});
  EXPECT_EQ(shapes.at("tokens"), (std::vector<std::int64_t>{2, 1, 4}));
  EXPECT_EQ(shapes.at("mask"), (std::vector<std::int64_t>{2, 1}));
}

TEST(Mean, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"dim": 0})"), testing::HasSubstr("dim"));
  EXPECT_THAT(rejection(id, R"({"width": 4})"), testing::HasSubstr("width"));
}

}  // namespace
}  // namespace weft::test
