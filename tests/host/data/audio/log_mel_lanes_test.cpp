// SPDX-License-Identifier: Apache-2.0
#include "host/data/audio/log_mel_lanes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <numbers>

#include "host/base/random.hpp"

namespace weft::host {
namespace {

std::vector<float> noise(std::size_t count) {
  RandomSequence random({7, 7, count, 0});
  std::vector<float> samples(count);
  for (float& sample : samples) sample = random.within(0.5F);
  return samples;
}

/// One band for each bin, so that the powers themselves are seen.
LanePlan plan_of(std::size_t fft) {
  LanePlan plan;
  plan.fft = fft;
  plan.window.assign(fft, 0.5);
  plan.offset = 1e-3;
  for (std::size_t k = 0; k <= fft / 2; ++k) {
    plan.bands.push_back({k, k, k + 1});
    plan.weights.push_back(1);
    plan.narrow_weights.push_back(1);
  }
  plan_transform(plan);
  return plan;
}

double power(const float* samples, std::size_t fft, std::size_t k) {
  std::complex<double> sum = 0;
  for (std::size_t n = 0; n < fft; ++n) {
    const double angle = -2 * std::numbers::pi * static_cast<double>(n * k % fft);
    sum += std::polar(static_cast<double>(samples[n]), angle / static_cast<double>(fft));
  }
  return std::norm(sum);
}

class LogMelFrames : public testing::TestWithParam<std::size_t> {};

TEST_P(LogMelFrames, EqualTheSumThatDefinesTheTransform) {
  const std::size_t fft = GetParam(), bins = fft / 2 + 1;
  const LanePlan plan = plan_of(fft);
  for (const std::size_t frames : {1, 2, 7, 9}) {
    const std::vector<float> samples = noise(fft + frames);
    std::vector<const float*> begins;
    for (std::size_t t = 0; t < frames; ++t) begins.push_back(samples.data() + t);
    std::vector<float> found(frames * bins + 1, 42.0F);
    log_mel_frames(plan, begins, found.data());
    for (std::size_t t = 0; t < frames; ++t) {
      for (std::size_t k = 0; k < bins; ++k) {
        const double expected = std::log(1e-3 + power(begins[t], fft, k));
        ASSERT_NEAR(found[t * bins + k], expected, 2e-6) << fft << ": " << t << ", " << k;
      }
    }
    EXPECT_EQ(found.back(), 42.0F) << "written behind the end";
  }
}

/// Every radix, alone and with others, and sizes that no vector divides.
INSTANTIATE_TEST_SUITE_P(Sizes, LogMelFrames,
                         testing::Values(16, 20, 24, 28, 36, 44, 60, 100, 256, 400, 420, 1100));

TEST(LogMelOfValues, HasTheBitsOfAPlainLoop) {
  LanePlan plan = plan_of(64);
  plan.offset = 1e-6;
  plan.bands.clear();
  for (std::size_t m = 0; m + 6 < plan.weights.size(); ++m) plan.bands.push_back({m, m, m + 6});
  for (float& weight : plan.narrow_weights) weight = 0.3F;
  std::array<std::vector<float>, k_most_lanes> values;
  std::array<const float*, k_most_lanes> rows{};
  std::vector<float> found(k_most_lanes * plan.bands.size());
  for (int round = 0; round < 400; ++round) {
    for (std::size_t lane = 0; lane < k_most_lanes; ++lane) {
      values[lane] = noise(70 + lane + k_most_lanes * static_cast<std::size_t>(round));
      for (float& value : values[lane]) value *= std::ldexp(1.0F, round % 41 - 20);
      rows[lane] = values[lane].data();
    }
    log_mel_of_values(plan, rows.data(), lane_count(), found.data());
    for (std::size_t lane = 0; lane < lane_count(); ++lane) {
      for (std::size_t m = 0; m < plan.bands.size(); ++m) {
        double sum = 1e-6;
        for (std::size_t i = 0; i < 6; ++i) {
          const float real = rows[lane][2 * (m + i)], imaginary = rows[lane][2 * (m + i) + 1];
          const float square = real * real, other = imaginary * imaginary;
          sum += static_cast<double>(0.3F * (square + other));
        }
        const auto expected = static_cast<float>(std::log(sum));
        ASSERT_EQ(std::bit_cast<std::uint32_t>(found[lane * plan.bands.size() + m]),
                  std::bit_cast<std::uint32_t>(expected));
      }
    }
  }
}

}  // namespace
}  // namespace weft::host
