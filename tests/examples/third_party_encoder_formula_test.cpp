// SPDX-License-Identifier: Apache-2.0
/// The three libraries of examples/third_party_encoder against the formula at the head of
/// birdsong.cpp, written out in loops; third_party_encoder_test.py built them.

#include <cmath>

#include "tests/plugins/weights.hpp"

namespace weft::test {
namespace {

constexpr DType f64 = DType::float64;
constexpr std::int64_t mels = 3, dim = 2, kernel = 3, stages = 2;
const char* const config = R"({"features": 3, "dim": 2, "stages": 2, "kernel": 3})";

using Frames = std::vector<std::vector<double>>;  // [T][…]

std::string stage_name(std::int64_t s, const char* parameter) {
  return "stage_" + std::to_string(s) + "." + parameter;
}

/// gelu(LN(conv(x))), one sample without padding.
Frames stage(const Part& part, std::int64_t s, const Frames& x) {
  const Array weight = part.get(stage_name(s, "conv.weight")),
              bias = part.get(stage_name(s, "conv.bias")),
              scale = part.get(stage_name(s, "norm.weight")),
              shift = part.get(stage_name(s, "norm.bias"));
  const auto length = static_cast<std::int64_t>(x.size());
  const auto in = static_cast<std::int64_t>(x[0].size());
  Frames out;
  for (std::int64_t middle = 0; middle < length; middle += 2) {
    std::vector<double> y;
    for (std::int64_t d = 0; d < dim; ++d) {
      double total = element(bias, d);
      for (std::int64_t k = 0; k < kernel; ++k) {
        const std::int64_t t = middle + k - kernel / 2;
        if (t < 0 || t >= length) continue;
        for (std::int64_t c = 0; c < in; ++c)
          total += element(weight, (d * in + c) * kernel + k) *
                   x[static_cast<std::size_t>(t)][static_cast<std::size_t>(c)];
      }
      y.push_back(total);
    }
    const double mean = (y[0] + y[1]) / 2;
    const double variance = ((y[0] - mean) * (y[0] - mean) + (y[1] - mean) * (y[1] - mean)) / 2;
    for (std::size_t d = 0; d < y.size(); ++d) {
      const double z = (y[d] - mean) / std::sqrt(variance + 1e-5) *
                           element(scale, static_cast<std::int64_t>(d)) +
                       element(shift, static_cast<std::int64_t>(d));
      y[d] = 0.5 * z * (1.0 + std::erf(z / std::sqrt(2.0)));
    }
    out.push_back(y);
  }
  return out;
}

class Birdsong : public testing::TestWithParam<const char*> {
 protected:
  static void set_parameters(Part& part) {
    int seed = 1;
    for (const std::string& name : part.parameter_names())
      part.set(name, random(part.get(name).sizes, seed++, f64));
  }
};
INSTANTIATE_TEST_SUITE_P(Languages, Birdsong,
                         testing::Values("acme/encoder.birdsong", "acme/encoder.birdsong_c",
                                         "acme/encoder.birdsong_rust"),
                         [](const auto& one) {
                           return one.index == 0 ? "cpp" : one.index == 1 ? "c" : "rust";
                         });

TEST_P(Birdsong, ComputesTheFormula) {
  Part part(GetParam(), config, {}, f64);
  set_parameters(part);
  const Array features = random({1, 5, mels}, 20, f64);
  Frames x(5);
  for (std::int64_t i = 0; i < 5 * mels; ++i)
    x[static_cast<std::size_t>(i / mels)].push_back(element(features, i));
  for (std::int64_t s = 0; s < stages; ++s) x = stage(part, s, x);
  ASSERT_EQ(x.size(), 2U);
  const auto out = part.run({{"features", {features}}});
  expect_near(out.at("tokens"), floats({x[0][0], x[0][1], x[1][0], x[1][1]}, {1, 2, dim}, f64),
              1e-12);
  expect_near(out.at("pooled"),
              floats({(x[0][0] + x[1][0]) / 2, (x[0][1] + x[1][1]) / 2}, {1, dim}, f64), 1e-12);
  expect_near(out.at("mask"), mask({1, 1}, {1, 2}), 0.0);
}

TEST_P(Birdsong, APaddedSampleGivesWhatItGivesAlone) {
  Part part(GetParam(), config, {}, f64);
  set_parameters(part);
  const Array features = random({2, 9, mels}, 21, f64), real = length_mask({5, 9}, 9);
  const auto padded = part.run({{"features", {poisoned(features, real, 1e9)}}, {"mask", {real}}});
  Array alone = Array::empty(f64, {1, 5, mels});
  std::copy_n(features.data<double>(), 5 * mels, alone.data<double>());
  const auto expected = part.run({{"features", {alone}}});
  expect_near(padded.at("mask"), mask({1, 1, 0, 1, 1, 1}, {2, 3}), 0.0);
  expect_near(rows(padded.at("pooled"), 0, 1), expected.at("pooled"), 1e-12);
}

TEST_P(Birdsong, GradientsMatchDifferences) {
  Part part(GetParam(), config, {}, f64);
  set_parameters(part);
  const Arrays inputs{{"features", {random({2, 5, mels}, 22, f64)}},
                      {"mask", {length_mask({5, 3}, 5)}}};
  expect_gradients(part, inputs, "tokens");
  expect_gradients(part, inputs, "pooled");
}

TEST_P(Birdsong, InfersItsShapes) {
  const Part part(GetParam(), config, {}, f64);
  const auto shapes = part.infer({{"features", {random({4, 9, mels}, 1, f64)}}});
  EXPECT_EQ(shapes.at("tokens"), (std::vector<std::int64_t>{4, 3, dim}));
  EXPECT_EQ(shapes.at("mask"), (std::vector<std::int64_t>{4, 3}));
  EXPECT_EQ(shapes.at("pooled"), (std::vector<std::int64_t>{4, dim}));
}

TEST_P(Birdsong, RejectsAnEvenKernel) {
  EXPECT_THAT(rejection(GetParam(), R"({"kernel": 4})"), testing::HasSubstr("kernel: must be odd"));
}

TEST_P(Birdsong, TakesAnIntegerHoweverItIsWritten) {
  EXPECT_EQ(Part(GetParam(), R"({"stages": 1.0, "dim": 6.4e1})").parameter_names().size(), 4U);
}

}  // namespace
}  // namespace weft::test
