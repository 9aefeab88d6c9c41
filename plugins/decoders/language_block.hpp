// SPDX-License-Identifier: Apache-2.0
/// The block of decoder.language_model: its own past, then each token for itself.

#pragma once

#include <weft/blocks.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  /// What a block of a language model is built with.
  struct LanguageOptions {
    std::int64_t dim = 64;
    std::int64_t inner = 256;
    GroupedAttentionOptions attention;
    std::string activation = "gelu";
    bool is_rms = false;    // RmsNorm instead of LayerNorm
    bool is_gated = false;  // the feed-forward network has a gate
    bool bias = true;       // of the feed-forward network
    double dropout = 0.0;
    double eps = 1e-5;
  };

  /// Layer or RMS normalisation.
  class EitherNorm {
   public:
    EitherNorm(const Parameters& parameters, const std::string& name,
               const LanguageOptions& options)
        : is_rms_(options.is_rms) {
      if (is_rms_)
        rms_ = RmsNorm(parameters, name, options.dim, options.eps);
      else
        layer_ = LayerNorm(parameters, name, options.dim, options.eps);
    }
    /// x [..., dim] → [..., dim]
    Tensor operator()(const Tensor& x) const { return is_rms_ ? rms_(x) : layer_(x); }

   private:
    bool is_rms_;
    RmsNorm rms_;
    LayerNorm layer_;
  };

  /// act(x W₁ + b₁) W₂ + b₂, or with a gate (act(x W_g + b_g) ⊙ (x W₁ + b₁)) W₂ + b₂ (Shazeer 2020,
  /// arXiv:2002.05202; SwiGLU where act is silu).
  class LanguageFeedForward {
   public:
    LanguageFeedForward(const Parameters& parameters, const std::string& name,
                        const LanguageOptions& options)
        : activation_(options.activation),
          is_gated_(options.is_gated),
          dropout_(options.dropout),
          in_(parameters.in(name), "in", options.dim, options.inner, options.bias),
          out_(parameters.in(name), "out", options.inner, options.dim, options.bias) {
      if (is_gated_)
        gate_ = Linear(parameters.in(name), "gate", options.dim, options.inner, options.bias);
    }
    /// x [..., dim] → [..., dim]
    Tensor operator()(const Tensor& x) const {
      const Tensor inner =
          is_gated_ ? activate(activation_, gate_(x)) * in_(x) : activate(activation_, in_(x));
      return out_(dropout(inner, dropout_));
    }

   private:
    std::string activation_;
    bool is_gated_;
    double dropout_;
    Linear in_, out_, gate_;
  };

  /// Z' = CausalMHSA(N(Z)) + Z, then FFN(N(Z')) + Z'.
  class LanguageBlock {
   public:
    LanguageBlock(const Parameters& parameters, const std::string& name,
                  const LanguageOptions& options)
        : dropout_(options.dropout),
          norm_1_(parameters.in(name), "norm_1", options),
          attention_(parameters.in(name), "attention", options.attention),
          norm_2_(parameters.in(name), "norm_2", options),
          feed_forward_(parameters.in(name), "feed_forward", options) {}

    /// x [B, S, D] → [B, S, D]
    Tensor operator()(Tensor x) const {
      x = x + dropout(attention_(norm_1_(x), Tensor(), /*causal=*/true), dropout_);
      return x + dropout(feed_forward_(norm_2_(x)), dropout_);
    }

   private:
    double dropout_;
    EitherNorm norm_1_;
    GroupedAttention attention_;
    EitherNorm norm_2_;
    LanguageFeedForward feed_forward_;
  };

}  // namespace weft
