// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

const char* const id = "loss.masked_patches";

std::string config(bool normalise) {
  return std::string(R"({"height": 4, "width": 6, "channels": 2, "patch": 2, "normalize": )") +
         (normalise ? "true}" : "false}");
}

/// Element e of patch i of picture b, as the equation in the part's head says.
double pixel(const Array& image, std::int64_t b, std::int64_t i, std::int64_t e) {
  const std::int64_t channel = e / 4, y = i / 3 * 2 + e / 2 % 2, x = i % 3 * 2 + e % 2;
  return element(image, ((b * 2 + channel) * 4 + y) * 6 + x);
}

TEST(MaskedPatches, EqualsTheSumWrittenOut) {
  const Array image = random({2, 2, 4, 6}, 1, DType::float64);
  const Array guess = random({2, 6, 8}, 2, DType::float64);
  const Array masked = mask({0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1}, {2, 6});
  for (const bool normalise : {false, true}) {
    double expected = 0;
    for (std::int64_t n = 0; n < 12; ++n) {
      if (element(masked, n) == 0) continue;
      double mean = 0, squares = 0;
      for (std::int64_t e = 0; e < 8; ++e) mean += pixel(image, n / 6, n % 6, e) / 8;
      for (std::int64_t e = 0; e < 8; ++e)
        squares += std::pow(pixel(image, n / 6, n % 6, e) - mean, 2);
      for (std::int64_t e = 0; e < 8; ++e) {
        double truth = pixel(image, n / 6, n % 6, e);
        if (normalise) truth = (truth - mean) / std::sqrt(squares / 7 + 1e-6);
        expected += std::pow(element(guess, n * 8 + e) - truth, 2);
      }
    }
    Part part(id, config(normalise), {}, DType::float64);
    const auto out = part.run({{"prediction", {guess}}, {"image", {image}}, {"masked", {masked}}});
    EXPECT_NEAR(element(out.at("loss"), 0), expected, 1e-10) << normalise;
    EXPECT_EQ(element(out.at("weight"), 0), 32.0);
  }
}

TEST(MaskedPatches, VisiblePatchesCountForNothingEvenAsNan) {
  Part part(id, config(false), {}, DType::float64);
  const Array image = random({1, 2, 4, 6}, 1, DType::float64);
  const Array guess = random({1, 6, 8}, 2, DType::float64);
  const Array masked = mask({0, 1, 0, 0, 1, 0}, {1, 6});
  const auto inputs = [&](double value) {
    return Arrays{
        {"prediction", {poisoned(guess, masked, value)}}, {"image", {image}}, {"masked", {masked}}};
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_near(part.run(inputs(nan)).at("loss"), part.run(inputs(0)).at("loss"), 0.0);
  const Array one = floats({1}, {}, DType::float64);
  expect_near(part.gradients(inputs(nan), "loss", one).inputs.at("prediction")[0],
              part.gradients(inputs(0), "loss", one).inputs.at("prediction")[0], 0.0);
}

TEST(MaskedPatches, GradientsMatchDifferences) {
  for (const bool normalise : {false, true}) {
    Part part(id, config(normalise), {}, DType::float64);
    expect_gradients(part,
                     {{"prediction", {random({2, 6, 8}, 2, DType::float64)}},
                      {"image", {random({2, 2, 4, 6}, 1, DType::float64)}},
                      {"masked", {mask({0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1}, {2, 6})}}},
                     "loss");
  }
}

TEST(MaskedPatches, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection(id, R"({"height": 8, "width": 6, "patch": 4})"),
              testing::HasSubstr("patch: 4 must divide height 8 and width 6"));
  EXPECT_THAT(
      rejection(id, R"({"height": 2, "width": 2, "channels": 1, "patch": 1, "normalize": true})"),
      testing::HasSubstr("normalize: needs at least two elements in a patch"));
}

}  // namespace
}  // namespace weft::test
