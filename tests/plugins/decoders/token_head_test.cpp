// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "decoder.token_head";

TEST(TokenHead, IsLinearInEveryTokenBehindTheSkippedOnes) {
  Part part(id, R"({"dim": 2, "outputs": 3, "skip": 1})");
  part.set("out.weight", floats({1, 0, 0, 1, 1, 1}, {3, 2}));
  part.set("out.bias", floats({0, 0, 10}, {3}));
  const Array state = floats({9, 9, 1, 2, 3, 4}, {1, 3, 2});
  expect_near(part.run({{"state", {state}}}).at("out"), floats({1, 2, 13, 3, 4, 17}, {1, 2, 3}),
              1e-6);
  EXPECT_EQ(part.infer({{"state", {state}}}).at("out"), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(TokenHead, TakesAsManyTokensAsAsked) {
  Part part(id, R"({"dim": 2, "outputs": 2, "skip": 1, "count": 1})");
  part.set("out.weight", floats({1, 0, 0, 1}, {2, 2}));
  const Arrays inputs{{"state", {floats({9, 9, 1, 2, 3, 4}, {1, 3, 2})}}};
  expect_near(part.run(inputs).at("out"), floats({1, 2}, {1, 1, 2}), 1e-6);
  EXPECT_EQ(part.infer(inputs).at("out"), (std::vector<std::int64_t>{1, 1, 2}));
}

TEST(TokenHead, TheHiddenLayerIsWhatItsEquationSays) {
  Part part(id, R"({"dim": 3, "outputs": 1, "hidden": 2})", {}, DType::float64);
  const Array state = random({1, 2, 3}, 1, DType::float64);
  const Array in = part.get("hidden.weight"), out = part.get("out.weight");
  const Array logits = part.run({{"state", {state}}}).at("out");
  for (std::int64_t n = 0; n < 2; ++n) {
    double h[2];
    for (std::int64_t k = 0; k < 2; ++k) {
      double x = 0;
      for (std::int64_t d = 0; d < 3; ++d) x += element(in, 3 * k + d) * element(state, 3 * n + d);
      h[k] = x * 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
    }
    const double mean = (h[0] + h[1]) / 2, half = (h[0] - h[1]) / 2;
    const double scale = 1 / std::sqrt(half * half + 1e-5);
    EXPECT_NEAR(element(logits, n),
                ((h[0] - mean) * element(out, 0) + (h[1] - mean) * element(out, 1)) * scale, 1e-10);
  }
}

TEST(TokenHead, GradientsMatchDifferences) {
  Part part(id, R"({"dim": 3, "outputs": 2, "hidden": 4, "skip": 1})", {}, DType::float64);
  expect_gradients(part, {{"state", {random({2, 3, 3}, 1, DType::float64)}}}, "out");
}

TEST(TokenHead, RefusesWhatDoesNotFitIntoTheState) {
  for (const std::string config : {R"({"dim": 2, "skip": 3})", R"({"dim": 2, "count": 4})"}) {
    const Part part(id, config);
    try {
      part.infer({{"state", {random({1, 3, 2}, 1)}}});
      FAIL() << "no error";
    } catch (const std::exception& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("do not fit into the state's 3 tokens"));
    }
  }
}

}  // namespace
}  // namespace weft::test
