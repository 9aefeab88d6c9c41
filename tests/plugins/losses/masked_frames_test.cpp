// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.masked_frames";

// Five frames of three bands, two frames to a token: the last token guesses one frame too many.
const char* const stacked = R"({"features": 3, "stack": 2})";

struct Example {
  Array frames = random({2, 5, 3}, 1, DType::float64);
  Array guess = random({2, 3, 6}, 2, DType::float64);
  Array real = length_mask({5, 3}, 5);
  Array masked = mask({0, 1, 1, 0, 1, 1, 0, 0, 1, 0}, {2, 5});
  Array bands = mask({0, 0, 0, 0, 1, 0}, {2, 3});
  bool hides(std::int64_t b, std::int64_t t, std::int64_t f) const {
    const bool is_real = element(real, b * 5 + t) != 0;
    return is_real && (element(masked, b * 5 + t) != 0 || element(bands, b * 3 + f) != 0);
  }
  Arrays inputs() const {
    return {{"prediction", {guess}},
            {"frames", {frames}},
            {"mask", {real}},
            {"masked", {masked}},
            {"masked_bands", {bands}}};
  }
};

TEST(MaskedFrames, EqualsTheSumWrittenOut) {
  const Example example;
  double expected = 0, hidden = 0;
  for (std::int64_t b = 0; b < 2; ++b)
    for (std::int64_t t = 0; t < 5; ++t)
      for (std::int64_t f = 0; f < 3; ++f) {
        if (!example.hides(b, t, f)) continue;
        const double guess = element(example.guess, (b * 3 + t / 2) * 6 + t % 2 * 3 + f);
        expected += std::pow(guess - element(example.frames, (b * 5 + t) * 3 + f), 2);
        ++hidden;
      }
  Part part(id, stacked, {}, DType::float64);
  const auto out = part.run(example.inputs());
  EXPECT_NEAR(element(out.at("loss"), 0), expected, 1e-10);
  EXPECT_EQ(element(out.at("weight"), 0), hidden);
}

TEST(MaskedFrames, WithoutBandsAndPaddingFramesAlone) {
  Part part(id, R"({"features": 2})", {}, DType::float64);
  const auto out = part.run({{"prediction", {floats({0, 0, 1, 2}, {1, 2, 2}, DType::float64)}},
                             {"frames", {floats({9, 9, 4, 6}, {1, 2, 2}, DType::float64)}},
                             {"masked", {mask({0, 1}, {1, 2})}}});
  EXPECT_EQ(element(out.at("loss"), 0), 25.0);
  EXPECT_EQ(element(out.at("weight"), 0), 2.0);
}

TEST(MaskedFrames, WhatIsNotHiddenCountsForNothingEvenAsNan) {
  const Example example;
  Example broken;
  for (std::int64_t b = 0; b < 2; ++b)
    for (std::int64_t t = 0; t < 5; ++t)
      for (std::int64_t f = 0; f < 3; ++f)
        if (!example.hides(b, t, f))
          broken.guess.data<double>()[(b * 3 + t / 2) * 6 + t % 2 * 3 + f] =
              std::numeric_limits<double>::quiet_NaN();
  Part part(id, stacked, {}, DType::float64);
  expect_near(part.run(broken.inputs()).at("loss"), part.run(example.inputs()).at("loss"), 0.0);
  const Array one = floats({1}, {}, DType::float64);
  expect_near(part.gradients(broken.inputs(), "loss", one).inputs.at("prediction")[0],
              part.gradients(example.inputs(), "loss", one).inputs.at("prediction")[0], 0.0);
}

TEST(MaskedFrames, GradientsMatchDifferences) {
  Part part(id, stacked, {}, DType::float64);
  expect_gradients(part, Example().inputs(), "loss");
}

TEST(MaskedFrames, RefusesAPredictionOfAnotherLength) {
  const Part part(id, R"({"features": 3, "stack": 4})");
  try {
    part.infer({{"prediction", {random({2, 3, 12}, 1)}},
                {"frames", {random({2, 5, 3}, 1)}},
                {"masked", {mask(std::vector<int>(10), {2, 5})}}});
    FAIL() << "no error";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(
                                  "stack: 4 makes 2 tokens of 5 frames, but the prediction has 3"));
  }
}

}  // namespace
}  // namespace weft::test
