// SPDX-License-Identifier: Apache-2.0
/// The Conformer block of encoder.conformer: attention for the whole, convolution for what is near.

#pragma once

#include <weft/blocks.hpp>

#include <cmath>

namespace weft __attribute__((visibility("hidden"))) {

  /// Normalises x [B, U, D] inside the convolution module with statistics of real frames only.
  ///   batch  each channel over all frames of the batch; in evaluation by the running statistics
  ///   group  each sample over all its channels and frames (one group)
  ///   layer  each frame over its channels
  class FrameNorm {
   public:
    FrameNorm(const Parameters& parameters, const std::string& name, const std::string& kind,
              std::int64_t dim)
        : kind_(kind), dim_(dim) {
      if (kind == "batch") {
        batch_ = BatchNorm(parameters, name, dim);
        return;
      }
      weight_ = parameters.in(name).add_without_decay("weight", {dim}, Init::constant(1.0));
      bias_ = parameters.in(name).add_without_decay("bias", {dim}, Init::zeros());
    }

    Tensor operator()(const Tensor& x, const Tensor& mask) const {
      if (kind_ == "layer") return layer_norm(x, {dim_}, weight_, bias_, eps);
      return kind_ == "batch" ? over_batch(x, mask) : over_sample(x, mask);
    }

   private:
    static constexpr double eps = 1e-5;

    Tensor over_batch(const Tensor& x, const Tensor& mask) const {
      const Tensor frames = x.reshape({-1, dim_});  // [B U, D]
      if (!mask || !training()) return batch_(frames).reshape(x.sizes());
      const Tensor real = nonzero(mask.reshape({-1})).reshape({-1});
      const Tensor rows = batch_(index_select(frames, 0, real));
      return index_add(full_like(frames, 0.0).to(rows.dtype()), 0, real, rows).reshape(x.sizes());
    }

    Tensor over_sample(const Tensor& x, const Tensor& mask) const {
      const Tensor real = (mask ? mask : full_mask(x)).unsqueeze(-1).to(x.dtype());  // [B, U, 1]
      const Tensor count =
          clamp_min(sum(real, {1, 2}, true) * static_cast<double>(dim_), 1.0);  // [B, 1, 1]
      const Tensor centred = (x - sum(x * real, {1, 2}, true) / count) * real;
      const Tensor variance = sum(centred * centred, {1, 2}, true) / count;
      return centred / sqrt(variance + eps) * weight_ + bias_;
    }

    std::string kind_;
    std::int64_t dim_;
    Parameter weight_, bias_;
    BatchNorm batch_;
  };

  /// Conv(x) = W₂ silu(norm(depthwise(glu(W₁ LN(x))))); frames beside padding see zeros there.
  class ConvolutionModule {
   public:
    ConvolutionModule(const Parameters& parameters, const std::string& name, std::int64_t dim,
                      std::int64_t kernel, const std::string& norm)
        : dim_(dim),
          kernel_(kernel),
          norm_(parameters.in(name), "norm", dim),
          in_(parameters.in(name), "in", dim, 2 * dim),
          depthwise_weight_(
              parameters.in(name).add("depthwise.weight", {dim, 1, kernel},
                                      Init::uniform(1.0 / std::sqrt(static_cast<double>(kernel))))),
          depthwise_bias_(
              parameters.in(name).add_without_decay("depthwise.bias", {dim}, Init::zeros())),
          frame_norm_(parameters.in(name), "frame_norm", norm, dim),
          out_(parameters.in(name), "out", dim, dim) {}

    Tensor operator()(const Tensor& x, const Tensor& mask) const {
      const Tensor gated = zero_padding(glu(in_(norm_(x)), -1), mask);  // [B, U, D]
      const Tensor mixed = conv1d(gated.transpose(1, 2), depthwise_weight_, depthwise_bias_, 1,
                                  kernel_ / 2, dim_);  // [B, D, U]
      return out_(silu(frame_norm_(mixed.transpose(1, 2), mask)));
    }

   private:
    std::int64_t dim_, kernel_;
    LayerNorm norm_;
    Linear in_;
    Parameter depthwise_weight_, depthwise_bias_;
    FrameNorm frame_norm_;
    Linear out_;
  };

  /// x ← x + ½ FFN₁(x),  x ← x + MHSA(LN(x)),  x ← x + Conv(x),  LN(x + ½ FFN₂(x)).
  class ConformerBlock {
   public:
    ConformerBlock(const Parameters& parameters, const std::string& name,
                   const BlockOptions& options, std::int64_t kernel, const std::string& norm)
        : dropout_(options.dropout),
          norm_1_(parameters.in(name), "norm_1", options.dim),
          feed_forward_1_(parameters.in(name), "feed_forward_1", options.dim, options.inner,
                          options.activation, options.dropout),
          norm_2_(parameters.in(name), "norm_2", options.dim),
          attention_(parameters.in(name), "attention", options.dim, options.heads),
          convolution_(parameters.in(name), "convolution", options.dim, kernel, norm),
          norm_3_(parameters.in(name), "norm_3", options.dim),
          feed_forward_2_(parameters.in(name), "feed_forward_2", options.dim, options.inner,
                          options.activation, options.dropout),
          norm_4_(parameters.in(name), "norm_4", options.dim) {}

    /// x [B, U, D], mask [B, U] or absent → [B, U, D].
    Tensor operator()(Tensor x, const Tensor& mask) const {
      x = x + 0.5 * dropout(feed_forward_1_(norm_1_(x)), dropout_);
      const Tensor normed = norm_2_(x);
      x = x + dropout(attention_(normed, normed, mask), dropout_);
      x = x + dropout(convolution_(x, mask), dropout_);
      return norm_4_(x + 0.5 * dropout(feed_forward_2_(norm_3_(x)), dropout_));
    }

   private:
    double dropout_;
    LayerNorm norm_1_;
    FeedForward feed_forward_1_;
    LayerNorm norm_2_;
    Attention attention_;
    ConvolutionModule convolution_;
    LayerNorm norm_3_;
    FeedForward feed_forward_2_;
    LayerNorm norm_4_;
  };

}  // namespace weft
