// SPDX-License-Identifier: Apache-2.0
/// function.contrast against its equation in float64.

#include <cmath>
#include <cstring>

#include "tests/support/component.hpp"

namespace weft::test {
namespace {

constexpr std::int64_t k_rows = 2, k_length = 3, k_classes = 5;
const std::vector<std::int64_t> k_sizes{k_rows, k_length, k_classes};

Array contrasted(const std::string& config, const Arrays& inputs, DType dtype = DType::float32) {
  Part part("function.contrast", config, {}, dtype);
  return part.run(inputs).at("out");
}

TEST(Contrast, IsItsEquation) {
  const Array base = random(k_sizes, 1), minus = random(k_sizes, 2), plus = random(k_sizes, 3);
  const Array guided = contrasted(R"({"scale": 0.7})", {{"base", {base}}, {"minus", {minus}}});
  const Array both =
      contrasted(R"({"scale": -1.5})", {{"base", {base}}, {"minus", {minus}}, {"plus", {plus}}});
  for (std::int64_t i = 0; i < base.count(); ++i) {
    EXPECT_NEAR(element(guided, i), 1.7 * element(base, i) - 0.7 * element(minus, i), 1e-6);
    EXPECT_NEAR(element(both, i), element(base, i) - 1.5 * (element(plus, i) - element(minus, i)),
                2e-6);
  }
}

TEST(Contrast, WithScaleZeroTheLogitsKeepTheirBits) {
  const Array base = random(k_sizes, 1), minus = random(k_sizes, 2);
  const Array out = contrasted(R"({"scale": 0})", {{"base", {base}}, {"minus", {minus}}});
  ASSERT_EQ(out.byte_count(), base.byte_count());
  EXPECT_EQ(std::memcmp(out.bytes.get(), base.bytes.get(), base.byte_count()), 0);
}

/// Li et al. 2023, equation 2: of base's softmax.
TEST(Contrast, TokensThatAreNotPlausibleCannotCome) {
  const Array base = random(k_sizes, 1), minus = random(k_sizes, 2);
  const Arrays inputs{{"base", {base}}, {"minus", {minus}}};
  const Array free = contrasted(R"({"scale": 0.5})", inputs);
  const Array held = contrasted(R"({"scale": 0.5, "plausible": 0.3})", inputs);
  int out = 0;
  for (std::int64_t at = 0; at < k_rows * k_length; ++at) {
    double best = 0, sum = 0;
    for (std::int64_t v = 0; v < k_classes; ++v) sum += std::exp(element(base, at * k_classes + v));
    for (std::int64_t v = 0; v < k_classes; ++v)
      best = std::max(best, std::exp(element(base, at * k_classes + v)) / sum);
    for (std::int64_t v = 0; v < k_classes; ++v) {
      const std::int64_t i = at * k_classes + v;
      if (std::exp(element(base, i)) / sum < 0.3 * best) {
        EXPECT_EQ(element(held, i), -INFINITY);
        ++out;
      } else {
        EXPECT_EQ(element(held, i), element(free, i));
      }
    }
  }
  EXPECT_GT(out, 5);
  const Array only = contrasted(R"({"scale": 0.5, "plausible": 1})", inputs);
  for (std::int64_t at = 0; at < k_rows * k_length; ++at) {
    int left = 0;
    for (std::int64_t v = 0; v < k_classes; ++v)
      left += std::isfinite(element(only, at * k_classes + v)) ? 1 : 0;
    EXPECT_EQ(left, 1);
  }
}

TEST(Contrast, HasTheGradientOfItsEquation) {
  Part part("function.contrast", R"({"scale": 0.7})", {}, DType::float64);
  expect_gradients(part,
                   {{"base", {random(k_sizes, 1, DType::float64)}},
                    {"minus", {random(k_sizes, 2, DType::float64)}}},
                   "out");
}

TEST(Contrast, RejectsWhatCannotBe) {
  EXPECT_THAT(rejection("function.contrast", R"({"plausible": 1.5})"),
              testing::HasSubstr("plausible"));
}

}  // namespace
}  // namespace weft::test
