// SPDX-License-Identifier: Apache-2.0
/// The decoder block of decoder.autoregressive: its own past, then the context, then each for
/// itself.

#pragma once

#include <weft/blocks.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  /// Pre-norm decoder block; equals torch.nn.TransformerDecoderLayer with norm_first.
  class DecoderBlock {
   public:
    DecoderBlock(const Parameters& parameters, const std::string& name, const BlockOptions& options)
        : dropout_(options.dropout),
          norm_1_(parameters.in(name), "norm_1", options.dim, options.eps),
          self_attention_(parameters.in(name), "self_attention", options.dim, options.heads),
          norm_2_(parameters.in(name), "norm_2", options.dim, options.eps),
          cross_attention_(parameters.in(name), "cross_attention", options.dim, options.heads),
          norm_3_(parameters.in(name), "norm_3", options.dim, options.eps),
          feed_forward_(parameters.in(name), "feed_forward", options.dim, options.inner,
                        options.activation, options.dropout) {}

    /// x [B, S, D], state [B, N, D], mask [B, N] of the state or absent → [B, S, D].
    Tensor operator()(Tensor x, const Tensor& state, const Tensor& mask) const {
      const Tensor normed = norm_1_(x);
      x = x + dropout(self_attention_(normed, normed, Tensor(), /*causal=*/true), dropout_);
      x = x + dropout(cross_attention_(norm_2_(x), state, mask), dropout_);
      return x + dropout(feed_forward_(norm_3_(x)), dropout_);
    }

   private:
    double dropout_;
    LayerNorm norm_1_;
    Attention self_attention_;
    LayerNorm norm_2_;
    Attention cross_attention_;
    LayerNorm norm_3_;
    FeedForward feed_forward_;
  };

}  // namespace weft
