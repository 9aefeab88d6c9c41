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

/// Where a row of `flags` [B, M] is false, `dense` with 0.
Array only_at(Array dense, const std::vector<int>& flags) {
  const std::int64_t width = dense.count() / static_cast<std::int64_t>(flags.size());
  for (std::int64_t i = 0; i < dense.count(); ++i)
    if (flags[static_cast<std::size_t>(i / width)] == 0) dense.data<double>()[i] = 0.0;
  return dense;
}

TEST(TokenHead, ComputesAtMaskedTokensAloneWhatItWouldEverywhere) {
  const char* const config = R"({"dim": 3, "outputs": 2, "hidden": 4, "skip": 1, "count": 3})";
  Part part(id, config, {}, DType::float64);
  const Array state = random({2, 5, 3}, 1, DType::float64);
  const std::vector<int> flags{0, 1, 0, 1, 1, 0};
  const Arrays masked{{"state", {state}}, {"masked", {mask(flags, {2, 3})}}};
  expect_near(part.run(masked).at("out"), only_at(part.run({{"state", {state}}}).at("out"), flags),
              1e-12);
  expect_gradients(part, masked, "out");
  // What stands elsewhere is not read at all.
  const Array poison = poisoned(state, mask({0, 0, 1, 0, 0, 0, 1, 1, 0, 0}, {2, 5}), std::nan(""));
  const Arrays dirty{{"state", {poison}}, {"masked", {mask(flags, {2, 3})}}};
  expect_near(part.run(dirty).at("out"), part.run(masked).at("out"), 0.0);
  const Arrays nothing{{"state", {state}}, {"masked", {mask({0, 0, 0, 0, 0, 0}, {2, 3})}}};
  expect_near(part.run(nothing).at("out"), only_at(part.run(masked).at("out"), {0, 0, 0, 0, 0, 0}),
              0.0);
}

// Five frames make two tokens of three: the first is masked by frame 1, the second by frame 4.
TEST(TokenHead, ATokenIsMaskedWhereOneOfItsFramesIs) {
  Part part(id, R"({"dim": 2, "outputs": 2, "stack": 3})", {}, DType::float64);
  const Array state = random({2, 2, 2}, 1, DType::float64);
  const Array frames = mask({0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, {2, 5});
  expect_near(part.run({{"state", {state}}, {"masked", {frames}}}).at("out"),
              only_at(part.run({{"state", {state}}}).at("out"), {1, 0, 0, 1}), 1e-12);
}

TEST(TokenHead, RefusesFlagsThatMakeOtherTokens) {
  const Part part(id, R"({"dim": 2, "stack": 2})");
  for (const std::int64_t flags : {4, 7}) {
    try {
      part.infer(
          {{"state", {random({1, 3, 2}, 1)}},
           {"masked", {mask(std::vector<int>(static_cast<std::size_t>(flags)), {1, flags})}}});
      FAIL() << "three tokens";
    } catch (const std::exception& error) {
      EXPECT_THAT(error.what(),
                  testing::HasSubstr("stack: 2 flags a token make of " + std::to_string(flags) +
                                     " flags in \"masked\" not the 3 tokens"));
    }
  }
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
