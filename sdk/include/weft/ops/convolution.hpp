// SPDX-License-Identifier: Apache-2.0
/// Convolutions, pooling and resampling over the last one or two axes. B batch, C and K channels,
/// T time, H and W height and width. Sizes of two axes are {vertical, horizontal}.

#pragma once

#include <weft/ops/arithmetic.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  // clang-format off
WEFT_OPERATION(conv1d, "aten::conv1d", "", "conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, SymInt[1] padding=0, SymInt[1] dilation=1, SymInt groups=1) -> Tensor")
WEFT_OPERATION(conv2d, "aten::conv2d", "", "conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, SymInt[2] padding=0, SymInt[2] dilation=1, SymInt groups=1) -> Tensor")
WEFT_OPERATION(conv_transpose1d, "aten::conv_transpose1d", "", "conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=1, SymInt[1] padding=0, SymInt[1] output_padding=0, SymInt groups=1, SymInt[1] dilation=1) -> Tensor")
WEFT_OPERATION(conv_transpose2d, "aten::conv_transpose2d", "input", "conv_transpose2d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=1, SymInt[2] padding=0, SymInt[2] output_padding=0, SymInt groups=1, SymInt[2] dilation=1) -> Tensor")
WEFT_OPERATION(max_pool1d, "aten::max_pool1d", "", "max_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0, int[1] dilation=1, bool ceil_mode=False) -> Tensor")
WEFT_OPERATION(max_pool2d, "aten::max_pool2d", "", "max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> Tensor")
WEFT_OPERATION(avg_pool1d, "aten::avg_pool1d", "", "avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=0, bool ceil_mode=False, bool count_include_pad=True) -> Tensor")
WEFT_OPERATION(avg_pool2d, "aten::avg_pool2d", "", "avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor")
WEFT_OPERATION(adaptive_avg_pool1d, "aten::adaptive_avg_pool1d", "", "adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor")
WEFT_OPERATION(adaptive_avg_pool2d, "aten::adaptive_avg_pool2d", "", "adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor")
WEFT_OPERATION(nearest1d, "aten::upsample_nearest1d", "vec", "upsample_nearest1d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor")
WEFT_OPERATION(nearest2d, "aten::upsample_nearest2d", "vec", "upsample_nearest2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor")
WEFT_OPERATION(linear1d, "aten::upsample_linear1d", "vec", "upsample_linear1d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor")
WEFT_OPERATION(linear2d, "aten::upsample_bilinear2d", "vec", "upsample_bilinear2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor")
  // clang-format on

  /// x [B, C, T], weight [K, C / groups, width], bias [K] or absent → [B, K, T'] with T' =
  /// ⌊(T + 2 padding − dilation (width − 1) − 1) / stride⌋ + 1. Beyond the ends are zeros.
  template <class...>
  Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t stride,
                std::int64_t padding, std::int64_t groups = 1, std::int64_t dilation = 1) {
    return WEFT_OP(conv1d)(x, weight, bias, Sizes{stride}, Sizes{padding}, Sizes{dilation}, groups);
  }
  /// x [B, C, H, W], weight [K, C / groups, h, w], bias [K] or absent → [B, K, H', W'], each axis
  /// as in conv1d().
  template <class...>
  Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Sizes& stride,
                const Sizes& padding, std::int64_t groups = 1, const Sizes& dilation = {1, 1}) {
    return WEFT_OP(conv2d)(x, weight, bias, stride, padding, dilation, groups);
  }
  /// The convolution that conv1d() is the derivative of: x [B, C, T], weight [C, K / groups,
  /// width] → [B, K, T'] with T' = (T − 1) stride − 2 padding + dilation (width − 1) + 1 + extra.
  /// `extra`, below the stride, says which of the lengths is meant that conv1d() brings to T.
  template <class...>
  Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                          std::int64_t stride, std::int64_t padding, std::int64_t extra = 0,
                          std::int64_t groups = 1, std::int64_t dilation = 1) {
    return WEFT_OP(conv_transpose1d)(x, weight, bias, Sizes{stride}, Sizes{padding}, Sizes{extra},
                                     groups, Sizes{dilation});
  }
  /// x [B, C, H, W], weight [C, K / groups, h, w] → [B, K, H', W'], each axis as in
  /// conv_transpose1d().
  template <class...>
  Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                          const Sizes& stride, const Sizes& padding, const Sizes& extra = {0, 0},
                          std::int64_t groups = 1, const Sizes& dilation = {1, 1}) {
    return WEFT_OP(conv_transpose2d)(x, weight, bias, stride, padding, extra, groups, dilation);
  }

  /// The largest of each window: x [B, C, T] → [B, C, ⌊(T + 2 padding − width) / stride⌋ + 1].
  /// Beyond the ends is −∞; padding is at most half the width.
  template <class...>
  Tensor max_pool1d(const Tensor& x, std::int64_t width, std::int64_t stride,
                    std::int64_t padding = 0) {
    return WEFT_OP(max_pool1d)(x, Sizes{width}, Sizes{stride}, Sizes{padding});
  }
  /// x [B, C, H, W] → [B, C, H', W'], each axis as in max_pool1d().
  template <class...>
  Tensor max_pool2d(const Tensor& x, const Sizes& window, const Sizes& stride,
                    const Sizes& padding = {0, 0}) {
    return WEFT_OP(max_pool2d)(x, window, stride, padding);
  }
  /// The mean of each window, shapes as in max_pool1d(). What lies beyond the ends does not count.
  template <class...>
  Tensor avg_pool1d(const Tensor& x, std::int64_t width, std::int64_t stride,
                    std::int64_t padding = 0) {
    return WEFT_OP(avg_pool1d)(x, Sizes{width}, Sizes{stride}, Sizes{padding}, false, false);
  }
  /// x [B, C, H, W] → [B, C, H', W'], each axis as in avg_pool1d().
  template <class...>
  Tensor avg_pool2d(const Tensor& x, const Sizes& window, const Sizes& stride,
                    const Sizes& padding = {0, 0}) {
    return WEFT_OP(avg_pool2d)(x, window, stride, padding, false, false);
  }
  /// Means that bring T to `length` whatever T is: element i is the mean of x from ⌊i T / length⌋
  /// to ⌈(i + 1) T / length⌉. x [B, C, T] → [B, C, length].
  template <class...>
  Tensor adaptive_avg_pool1d(const Tensor& x, std::int64_t length) {
    return WEFT_OP(adaptive_avg_pool1d)(x, Sizes{length});
  }
  /// x [B, C, H, W] → [B, C, sizes[0], sizes[1]], each axis as in adaptive_avg_pool1d().
  template <class...>
  Tensor adaptive_avg_pool2d(const Tensor& x, const Sizes& sizes) {
    return WEFT_OP(adaptive_avg_pool2d)(x, sizes);
  }

  /// x [B, C, T] → [B, C, sizes[0]], or x [B, C, H, W] → [B, C, sizes[0], sizes[1]]. Element i of
  /// an axis of n comes from n of N: mode "nearest" takes ⌊i N / n⌋; "linear" weighs the two
  /// elements beside (i + ½) N / n − ½, held within the axis. There is no smoothing before: to make
  /// much smaller, pool. Refuses other modes and other numbers of axes.
  template <class...>
  Tensor interpolate(const Tensor& x, const Sizes& sizes, std::string_view mode) {
    const std::int64_t axes = x.dim() - 2;
    if (axes != 1 && axes != 2)
      throw Error(WEFT_INVALID, "interpolate: expected x [B, C, T] or [B, C, H, W], found " +
                                    std::to_string(axes + 2) + " axes");
    if (mode == "nearest")
      return axes == 1 ? WEFT_OP(nearest1d)(x, sizes, nullptr)
                       : WEFT_OP(nearest2d)(x, sizes, nullptr);
    if (mode == "linear")
      return axes == 1 ? WEFT_OP(linear1d)(x, sizes, false, nullptr)
                       : WEFT_OP(linear2d)(x, sizes, false, nullptr);
    throw Error(WEFT_INVALID, "interpolate: mode \"" + std::string(mode) +
                                  "\" is neither \"nearest\" nor \"linear\"");
  }

}  // namespace weft
