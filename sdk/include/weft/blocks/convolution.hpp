// SPDX-License-Identifier: Apache-2.0
/// Convolutions over time and over pictures. B batch, T time, H and W height and width.

#pragma once

#include <weft/ops.hpp>
#include <weft/parameters.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  /// Convolution over time with zeros beyond both ends; weight [out, in, width], bias [out]. W is
  /// Xavier-uniform, b zero. Of every `stride` frames one is left, of T frames ⌈T / stride⌉.
  class Convolution {
   public:
    Convolution() = default;
    Convolution(const Parameters& parameters, const std::string& name, std::int64_t in,
                std::int64_t out, std::int64_t width, std::int64_t stride = 1)
        : width_(width),
          stride_(stride),
          weight_(parameters.in(name).add("weight", {out, in, width}, Init::xavier())),
          bias_(parameters.in(name).add_without_decay("bias", {out}, Init::zeros())) {
      if (width % 2 == 0) reject("kernel", "must be odd, found " + std::to_string(width));
    }
    /// x [B, T, in] → [B, ⌈T / stride⌉, out]
    template <class...>
    Tensor operator()(const Tensor& x) const {
      return conv1d(x.transpose(1, 2), weight_, bias_, stride_, width_ / 2).transpose(1, 2);
    }

   private:
    std::int64_t width_ = 1, stride_ = 1;
    Parameter weight_, bias_;
  };

  /// How a convolution moves over its input.
  struct ConvolutionOptions {
    std::int64_t stride = 1;
    std::int64_t padding = 0;  // zeros before and behind each axis
    std::int64_t dilation = 1;
    std::int64_t groups = 1;
    bool bias = true;
    Init init = Init::kaiming();
  };

  namespace detail {
  inline std::int64_t channels_of_a_group(std::int64_t in, std::int64_t out, std::int64_t groups) {
    if (groups < 1 || in % groups != 0 || out % groups != 0)
      reject("groups", std::to_string(groups) + " must divide the channels " + std::to_string(in) +
                           " and " + std::to_string(out));
    return in / groups;
  }
  }  // namespace detail

  /// Convolution over time: weight [out, in / groups, width], bias [out], which is zero at the
  /// start. Unlike Convolution, channels come before time, and it pads only as told.
  class Conv1d {
   public:
    Conv1d() = default;
    Conv1d(const Parameters& parameters, const std::string& name, std::int64_t in, std::int64_t out,
           std::int64_t width, const ConvolutionOptions& options = {})
        : options_(options),
          weight_(parameters.in(name).add(
              "weight", {out, detail::channels_of_a_group(in, out, options.groups), width},
              options.init)) {
      if (options.bias) bias_ = parameters.in(name).add_without_decay("bias", {out}, Init::zeros());
    }
    /// x [B, in, T] → [B, out, T'], T' as in conv1d().
    template <class...>
    Tensor operator()(const Tensor& x) const {
      return conv1d(x, weight_, bias_, options_.stride, options_.padding, options_.groups,
                    options_.dilation);
    }

   private:
    ConvolutionOptions options_;
    Parameter weight_, bias_;
  };

  /// Convolution over pictures: a square kernel, weight [out, in / groups, width, width].
  class Conv2d {
   public:
    Conv2d() = default;
    Conv2d(const Parameters& parameters, const std::string& name, std::int64_t in, std::int64_t out,
           std::int64_t width, const ConvolutionOptions& options = {})
        : options_(options),
          weight_(parameters.in(name).add(
              "weight", {out, detail::channels_of_a_group(in, out, options.groups), width, width},
              options.init)) {
      if (options.bias) bias_ = parameters.in(name).add_without_decay("bias", {out}, Init::zeros());
    }
    /// x [B, in, H, W] → [B, out, H', W'], each axis as in conv1d().
    template <class...>
    Tensor operator()(const Tensor& x) const {
      const auto both = [](std::int64_t size) { return Sizes{size, size}; };
      return conv2d(x, weight_, bias_, both(options_.stride), both(options_.padding),
                    options_.groups, both(options_.dilation));
    }

   private:
    ConvolutionOptions options_;
    Parameter weight_, bias_;
  };

}  // namespace weft
