// SPDX-License-Identifier: Apache-2.0
/// The block of the decoders: tokens attend to one another, then to the context, then each works
/// for itself.

#pragma once

#include <weft/blocks.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  /// Pre-norm decoder block; equals torch.nn.TransformerDecoderLayer with norm_first. With
  /// `remembers` past it keeps what it has computed of its tokens and of the state.
  class DecoderBlock {
   public:
    DecoderBlock(const Parameters& parameters, const std::string& name, const BlockOptions& options)
        : dropout_(options.dropout),
          norm_1_(parameters.in(name), "norm_1", options.dim, options.eps),
          self_attention_(parameters.in(name), "self_attention", options.dim, options.heads, 0,
                          options.remembers),
          norm_2_(parameters.in(name), "norm_2", options.dim, options.eps),
          cross_attention_(
              parameters.in(name), "cross_attention", options.dim, options.heads, 0,
              options.remembers == Remembers::past ? Remembers::context : Remembers::nothing),
          norm_3_(parameters.in(name), "norm_3", options.dim, options.eps),
          feed_forward_(parameters.in(name), "feed_forward", options.dim, options.inner,
                        options.activation, options.dropout) {}

    /// x [B, S, D], state [B, N, D], mask [B, N] of the state or absent → [B, S, D].
    /// @param causal  whether a token sees its own past alone, and not all tokens
    /// @param attention  gets what each token takes of the state, [B, h, S, N]; may be null
    Tensor operator()(Tensor x, const Tensor& state, const Tensor& mask, bool causal,
                      Tensor* attention = nullptr) const {
      const Tensor normed = norm_1_(x);
      x = x + dropout(self_attention_(normed, normed, Tensor(), causal), dropout_);
      const Tensor asking = norm_2_(x);
      if (attention != nullptr) *attention = cross_attention_.weights(asking, state, mask);
      x = x + dropout(cross_attention_(asking, state, mask), dropout_);
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
