// SPDX-License-Identifier: Apache-2.0
/// Convolutions and pooling against their sums written out.

#include <cmath>

#include "tests/sdk/sdk_fixture.hpp"

namespace weft::test {
namespace {

using All = const std::vector<Tensor>&;

struct Geometry {
  std::int64_t stride, padding, groups, dilation;
};

/// y[b, k, t] = bias[k] + Σ_c Σ_j weight[k, c, j] x[b, first channel of k's group + c, …].
std::vector<double> convolved(const Tensor& x, const Tensor& weight, const Tensor& bias,
                              const Geometry& g, Sizes& sizes) {
  const std::int64_t batch = x.size(0), channels = x.size(1), length = x.size(2);
  const std::int64_t out = weight.size(0), inner = weight.size(1), width = weight.size(2);
  const std::int64_t steps = (length + 2 * g.padding - g.dilation * (width - 1) - 1) / g.stride + 1;
  const std::vector<double> xs = numbers(x), ws = numbers(weight), bs = numbers(bias);
  sizes = {batch, out, steps};
  std::vector<double> result;
  for (std::int64_t b = 0; b < batch; ++b)
    for (std::int64_t k = 0; k < out; ++k)
      for (std::int64_t t = 0; t < steps; ++t) {
        double total = bs[static_cast<std::size_t>(k)];
        for (std::int64_t c = 0; c < inner; ++c)
          for (std::int64_t j = 0; j < width; ++j) {
            const std::int64_t at = t * g.stride - g.padding + j * g.dilation;
            const std::int64_t from = k / (out / g.groups) * inner + c;
            if (at >= 0 && at < length)
              total += ws[static_cast<std::size_t>((k * inner + c) * width + j)] *
                       xs[static_cast<std::size_t>((b * channels + from) * length + at)];
          }
        result.push_back(total);
      }
  return result;
}

class ConvolutionTest : public SdkTest {
 protected:
  const Tensor x_ = normals({2, 4, 7}, 1), bias_ = normals({6}, 3);
  const Tensor image_ = normals({2, 2, 5, 6}, 4);
};

TEST_F(ConvolutionTest, OverTimeWithStrideGroupsAndDilation) {
  for (const Geometry& g :
       {Geometry{1, 1, 1, 1}, Geometry{2, 0, 1, 1}, Geometry{1, 2, 2, 2}, Geometry{3, 4, 2, 3}}) {
    const Tensor weight = normals({6, 4 / g.groups, 3}, 2);
    Sizes sizes;
    const std::vector<double> expected = convolved(x_, weight, bias_, g, sizes);
    expect_tensor(conv1d(x_, weight, bias_, g.stride, g.padding, g.groups, g.dilation), expected,
                  sizes);
  }
}

// A kernel that is a product of a column and a row is one convolution after the other.
TEST_F(ConvolutionTest, OverPicturesAxisByAxis) {
  const Tensor row = normals({3}, 5), column = normals({2}, 6), one = zeros({1}, x_);
  const Tensor weight = einsum("h,w->hw", {column, row}).reshape({1, 1, 2, 3});
  const Tensor picture = image_.slice(1, 0, 1);  // [2, 1, 5, 6]
  const Tensor rows = conv1d(picture.reshape({10, 1, 6}), row.reshape({1, 1, 3}), one, 1, 2, 1, 2);
  const Tensor turned = rows.reshape({2, 5, 6}).transpose(1, 2).reshape({12, 1, 5});
  const Tensor both = conv1d(turned, column.reshape({1, 1, 2}), one, 2, 1);
  const Tensor expected = both.reshape({2, 6, 3}).transpose(1, 2);
  expect_tensor(conv2d(picture, weight, one, {2, 1}, {1, 2}, 1, {1, 2}), numbers(expected),
                {2, 1, 3, 6});
}

// ⟨conv(x), y⟩ = ⟨x, conv_transpose(y)⟩ for all x and y.
TEST_F(ConvolutionTest, TheTransposedIsTheAdjoint) {
  const Tensor weight = normals({6, 2, 3}, 7), y = normals({2, 6, 3}, 8);
  const Tensor forward = conv1d(x_, weight, Tensor(), 2, 1, 2, 2);  // 7 → 3
  const Tensor back = conv_transpose1d(y, weight, Tensor(), 2, 1, 0, 2, 2);
  EXPECT_EQ(back.sizes(), (Sizes{2, 4, 7}));
  EXPECT_NEAR(numbers(sum(forward * y))[0], numbers(sum(x_ * back))[0], 1e-10);

  const Tensor kernel = normals({3, 2, 2, 3}, 9), z = normals({2, 3, 2, 3}, 10);
  const Tensor down = conv2d(image_, kernel, Tensor(), {2, 2}, {0, 1});
  const Tensor up = conv_transpose2d(z, kernel, Tensor(), {2, 2}, {0, 1}, {1, 1});
  EXPECT_EQ(up.sizes(), image_.sizes());
  EXPECT_NEAR(numbers(sum(down * z))[0], numbers(sum(image_ * up))[0], 1e-10);
}

TEST_F(ConvolutionTest, Pooling) {
  const Tensor x = doubles({1, 5, 2, 8, -1, 3}, {1, 1, 6});
  expect_tensor(max_pool1d(x, 2, 2), {5, 8, 3}, {1, 1, 3});
  expect_tensor(max_pool1d(x, 3, 2, 1), {5, 8, 8}, {1, 1, 3});
  expect_tensor(avg_pool1d(x, 2, 2), {3, 5, 1}, {1, 1, 3});
  expect_tensor(avg_pool1d(x, 3, 3, 1), {3, 3}, {1, 1, 2});  // (1 + 5) / 2, (2 + 8 − 1) / 3
  expect_tensor(adaptive_avg_pool1d(x, 4), {3, 3.5, 3.5, 1}, {1, 1, 4});
  const Tensor square = x.reshape({1, 1, 2, 3});  // 1 5 2 / 8 −1 3
  expect_tensor(max_pool2d(square, {2, 2}, {1, 1}), {8, 5}, {1, 1, 1, 2});
  expect_tensor(avg_pool2d(square, {2, 1}, {1, 1}), {4.5, 2, 2.5}, {1, 1, 1, 3});
  expect_tensor(adaptive_avg_pool2d(square, {1, 1}), {3}, {1, 1, 1, 1});
}

TEST_F(ConvolutionTest, Resampling) {
  const Tensor x = doubles({0, 4}, {1, 1, 2});
  expect_tensor(interpolate(x, {4}, "nearest"), {0, 0, 4, 4}, {1, 1, 4});
  expect_tensor(interpolate(x, {4}, "linear"), {0, 1, 3, 4}, {1, 1, 4});
  const Tensor square = doubles({0, 4, 8, 12}, {1, 1, 2, 2});
  expect_tensor(interpolate(square, {1, 4}, "linear"), {4, 5, 7, 8}, {1, 1, 1, 4});
  expect_tensor(interpolate(square, {2, 3}, "nearest"), {0, 0, 4, 8, 8, 12}, {1, 1, 2, 3});
}

TEST_F(ConvolutionTest, GradientsMatchDifferences) {
  expect_gradients([](All in) { return conv1d(in[0], in[1], in[2], 2, 1, 2, 2); },
                   {normals({1, 4, 6}, 1), normals({2, 2, 2}, 2), normals({2}, 3)});
  expect_gradients(
      [](All in) {
        return conv2d(in[0], in[1], Tensor(), {1, 2}, {1, 0}, 1, {2, 1});
      },
      {normals({1, 1, 4, 4}, 1), normals({2, 1, 2, 2}, 2)});
  expect_gradients([](All in) { return conv_transpose1d(in[0], in[1], in[2], 2, 1, 1); },
                   {normals({1, 2, 3}, 1), normals({2, 2, 3}, 2), normals({2}, 3)});
  expect_gradients(
      [](All in) {
        return conv_transpose2d(in[0], in[1], Tensor(), {2, 1}, {0, 1});
      },
      {normals({1, 2, 2, 3}, 1), normals({2, 1, 2, 2}, 2)});
  expect_gradients([](All in) { return max_pool1d(in[0], 2, 1) + avg_pool1d(in[0], 2, 1); },
                   {normals({1, 2, 5}, 4)});
  expect_gradients(
      [](All in) {
        return max_pool2d(in[0], {2, 2}, {1, 1}) + avg_pool2d(in[0], {2, 2}, {1, 1});
      },
      {normals({1, 1, 3, 4}, 5)});
  expect_gradients([](All in) { return adaptive_avg_pool1d(in[0], 3); }, {normals({1, 1, 5}, 6)});
  expect_gradients(
      [](All in) {
        return adaptive_avg_pool2d(in[0], {2, 3});
      },
      {normals({1, 1, 3, 4}, 7)});
  for (const char* mode : {"nearest", "linear"}) {
    expect_gradients([&](All in) { return interpolate(in[0], {5}, mode); },
                     {normals({1, 1, 3}, 8)});
    expect_gradients(
        [&](All in) {
          return interpolate(in[0], {3, 2}, mode);
        },
        {normals({1, 1, 2, 3}, 9)});
  }
}

TEST_F(ConvolutionTest, WrongArgumentsAreRefused) {
  const Tensor weight = normals({6, 3, 3}, 2);
  EXPECT_THAT(refusal([&] { conv1d(x_, weight, bias_, 1, 0); }),
              ::testing::HasSubstr("expected input[2, 4, 7] to have 3 channels, but got 4 channels "
                                   "instead"));
  EXPECT_THAT(refusal([&] {
                conv2d(x_, weight, Tensor(), {1, 1}, {0, 0});
              }),
              ::testing::HasSubstr("aten::conv2d(input float64[2, 4, 7], weight float64[6, 3, 3], "
                                   "bias none, stride [1, 1], padding [0, 0], dilation [1, 1], "
                                   "groups 1): "));
  EXPECT_THAT(refusal([&] { conv_transpose1d(x_, weight, Tensor(), 1, 0); }),
              ::testing::HasSubstr("to have 6 channels, but got 4 channels instead"));
  EXPECT_THAT(refusal([&] {
                conv_transpose2d(image_, weight, Tensor(), {1, 1}, {0, 0});
              }),
              ::testing::HasSubstr("aten::conv_transpose2d.input("));
  EXPECT_THAT(
      refusal([&] { max_pool1d(x_, 2, 1, 2); }),
      ::testing::HasSubstr("padding should be at most half of kernel size, but got padding=2"));
  EXPECT_THAT(refusal([&] {
                max_pool2d(x_.select(0, 0), {2, 2}, {1, 1});
              }),
              ::testing::HasSubstr("aten::max_pool2d(self float64[4, 7], "));
  EXPECT_THAT(refusal([&] { avg_pool1d(x_, 9, 1); }),
              ::testing::HasSubstr("aten::avg_pool1d(self float64[2, 4, 7], kernel_size [9], "));
  EXPECT_THAT(
      refusal([&] {
        avg_pool2d(image_, {9, 1}, {1, 1});
      }),
      ::testing::HasSubstr("aten::avg_pool2d(self float64[2, 2, 5, 6], kernel_size [9, 1]"));
  EXPECT_THAT(refusal([&] { adaptive_avg_pool2d(image_, {1}); }),
              ::testing::HasSubstr("output_size must be 2"));
  EXPECT_THAT(
      refusal([&] { adaptive_avg_pool1d(image_.select(0, 0).select(0, 0).select(0, 0), 1); }),
      ::testing::HasSubstr("aten::adaptive_avg_pool1d(self float64[6], output_size [1]): "));
  EXPECT_EQ(refusal([&] { interpolate(x_, {3}, "cubic"); }),
            "interpolate: mode \"cubic\" is neither \"nearest\" nor \"linear\"");
  EXPECT_EQ(refusal([&] { interpolate(bias_, {3}, "linear"); }),
            "interpolate: expected x [B, C, T] or [B, C, H, W], found 1 axes");
  EXPECT_THAT(refusal([&] {
                interpolate(x_, {3, 3}, "linear");
              }),
              ::testing::HasSubstr("aten::upsample_linear1d.vec("));
}

}  // namespace
}  // namespace weft::test
