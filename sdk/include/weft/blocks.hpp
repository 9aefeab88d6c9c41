// SPDX-License-Identifier: Apache-2.0
/// Layers that parts are made of. A block declares its parameters when it is constructed and is
/// called with tensors. B batch, N query length, M context length, D width, h heads.

#pragma once

#include <weft/ops.hpp>
#include <weft/parameters.hpp>

#include <optional>

namespace weft __attribute__((visibility("hidden"))) {

  /// y = x Wᵀ + b; weight [out, in], bias [out]. W is Xavier-uniform, b zero.
  class Linear {
   public:
    Linear() = default;
    Linear(const Parameters& parameters, const std::string& name, std::int64_t in, std::int64_t out,
           bool bias = true)
        : weight_(parameters.in(name).add("weight", {out, in}, Init::xavier())) {
      if (bias) bias_ = parameters.in(name).add_without_decay("bias", {out}, Init::zeros());
    }
    template <class...>
    Tensor operator()(const Tensor& x) const {
      return linear(x, weight_, bias_);
    }

   private:
    Parameter weight_, bias_;
  };

  /// Layer normalisation over the last axis (Ba et al. 2016, arXiv:1607.06450); weight 1 and bias 0
  /// at the start.
  class LayerNorm {
   public:
    LayerNorm() = default;
    LayerNorm(const Parameters& parameters, const std::string& name, std::int64_t dim,
              double eps = 1e-5)
        : dim_(dim),
          eps_(eps),
          weight_(parameters.in(name).add_without_decay("weight", {dim}, Init::constant(1.0))),
          bias_(parameters.in(name).add_without_decay("bias", {dim}, Init::zeros())) {}
    template <class...>
    Tensor operator()(const Tensor& x) const {
      return layer_norm(x, {dim_}, weight_, bias_, eps_);
    }

   private:
    std::int64_t dim_ = 0;
    double eps_ = 1e-5;
    Parameter weight_, bias_;
  };

  /// Rows of a table [count, dim], drawn from N(0, 0.02²).
  class Embedding {
   public:
    Embedding() = default;
    Embedding(const Parameters& parameters, const std::string& name, std::int64_t count,
              std::int64_t dim)
        : weight_(
              parameters.in(name).add_without_decay("weight", {count, dim}, Init::normal(0.02))) {}
    /// ids [...] int64 → [..., dim]
    template <class...>
    Tensor operator()(const Tensor& ids) const {
      return embedding(weight_, ids);
    }
    Tensor table() const { return weight_; }

   private:
    Parameter weight_;
  };

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

  /// Activation functions by the name a recipe uses.
  inline std::vector<std::string> activation_names() {
    return {"relu", "gelu", "silu"};
  }

  template <class...>
  Tensor activate(const std::string& name, const Tensor& x) {
    if (name == "relu") return relu(x);
    if (name == "gelu") return gelu(x);
    if (name == "silu") return silu(x);
    throw Error(WEFT_INVALID, "no activation is called \"" + name + "\"");
  }

  /// FFN(x) = act(x W₁ + b₁) W₂ + b₂ with dropout behind the activation.
  class FeedForward {
   public:
    FeedForward() = default;
    FeedForward(const Parameters& parameters, const std::string& name, std::int64_t dim,
                std::int64_t inner, std::string activation, double dropout_rate)
        : activation_(std::move(activation)),
          dropout_(dropout_rate),
          in_(parameters.in(name), "in", dim, inner),
          out_(parameters.in(name), "out", inner, dim) {}
    template <class...>
    Tensor operator()(const Tensor& x) const {
      return out_(dropout(activate(activation_, in_(x)), dropout_));
    }

   private:
    std::string activation_;
    double dropout_ = 0.0;
    Linear in_, out_;
  };

  /// Multi-head attention: Concat(head₁ … head_h) W_O with headᵢ = softmax(Qᵢ Kᵢᵀ / √(D/h)) Vᵢ
  /// (Vaswani et al. 2017). Self-attention when query and context are the same tensor.
  class Attention {
   public:
    Attention() = default;
    /// `context_dim` 0: as wide as the query.
    Attention(const Parameters& parameters, const std::string& name, std::int64_t dim,
              std::int64_t heads, std::int64_t context_dim = 0)
        : heads_(heads),
          query_(parameters.in(name), "query", dim, dim),
          key_(parameters.in(name), "key", context_dim > 0 ? context_dim : dim, dim),
          value_(parameters.in(name), "value", context_dim > 0 ? context_dim : dim, dim),
          out_(parameters.in(name), "out", dim, dim) {
      if (dim % heads != 0)
        reject("heads", std::to_string(heads) + " must divide dim " + std::to_string(dim));
    }

    /// query [B, N, D], context [B, M, D'], mask [B, M], or one for each query [B, N, M] (true =
    /// attend), or absent → [B, N, D].
    template <class...>
    Tensor operator()(const Tensor& query, const Tensor& context, const Tensor& mask,
                      bool causal = false) const {
      return out_(mixed(query, context, mask, causal));
    }
    /// The heads side by side before W_O. A fully masked context gives 0.
    template <class...>
    Tensor mixed(const Tensor& query, const Tensor& context, const Tensor& mask,
                 bool causal = false) const {
      Tensor wide = mask ? mask.unsqueeze(1) : Tensor();
      if (mask && mask.dim() == 2) wide = wide.unsqueeze(1);  // [B, 1, 1 or N, M]
      // The host's attention takes a mask or `causal`, not both.
      if (mask && causal)
        wide = lower_triangle(expand(wide, {-1, -1, query.size(1), -1}));  // [B, 1, N, M]
      const Tensor heads = attention(split(query_(query)), split(key_(context)),
                                     split(value_(context)), wide, causal && !mask);
      return heads.transpose(1, 2).reshape({query.size(0), query.size(1), -1});
    }
    template <class...>
    Tensor project(const Tensor& mixed) const {
      return out_(mixed);
    }

   private:
    template <class...>
    Tensor split(const Tensor& x) const {  // [B, N, D] → [B, h, N, D/h]
      return x.reshape({x.size(0), x.size(1), heads_, -1}).transpose(1, 2);
    }

    std::int64_t heads_ = 1;
    Linear query_, key_, value_, out_;
  };

  /// What a Transformer block is built with.
  struct BlockOptions {
    std::int64_t dim = 64;
    std::int64_t heads = 4;
    std::int64_t inner = 256;
    std::string activation = "gelu";
    double dropout = 0.0;
    bool pre_norm = true;
    double eps = 1e-5;
  };

  /// Transformer block. Pre-norm: Z' = MHSA(LN(Z)) + Z, then FFN(LN(Z')) + Z' (the seed's form);
  /// post-norm: LN(Z + MHSA(Z)), then LN(Z' + FFN(Z')).
  class TransformerBlock {
   public:
    TransformerBlock(const Parameters& parameters, const std::string& name,
                     const BlockOptions& options)
        : options_(options),
          norm_1_(parameters.in(name), "norm_1", options.dim, options.eps),
          attention_(parameters.in(name), "attention", options.dim, options.heads),
          norm_2_(parameters.in(name), "norm_2", options.dim, options.eps),
          feed_forward_(parameters.in(name), "feed_forward", options.dim, options.inner,
                        options.activation, options.dropout) {}

    /// x [B, N, D], mask [B, N] (true = real), or what each token attends to [B, N, N], or absent
    /// → [B, N, D].
    template <class...>
    Tensor operator()(const Tensor& x, const Tensor& mask, bool causal = false) const {
      if (options_.pre_norm) {
        const Tensor normed = norm_1_(x);
        const Tensor y = x + dropout(attention_(normed, normed, mask, causal), options_.dropout);
        return y + dropout(feed_forward_(norm_2_(y)), options_.dropout);
      }
      const Tensor y = norm_1_(x + dropout(attention_(x, x, mask, causal), options_.dropout));
      return norm_2_(y + dropout(feed_forward_(y), options_.dropout));
    }

   private:
    BlockOptions options_;
    LayerNorm norm_1_;
    Attention attention_;
    LayerNorm norm_2_;
    FeedForward feed_forward_;
  };

  /// Square patches of pictures, row by row, each flattened channel by channel: image [B, C, H, W],
  /// of which `edge` divides H and W, → [B, N, C edge²], N = H W / edge².
  template <class...>
  Tensor image_patches(const Tensor& image, std::int64_t edge) {
    const std::int64_t channels = image.size(1);
    const std::int64_t rows = image.size(2) / edge, columns = image.size(3) / edge;
    const Tensor cut = image.reshape({-1, channels, rows, edge, columns, edge});
    return permute(cut, {0, 2, 4, 1, 3, 5}).reshape({-1, rows * columns, channels * edge * edge});
  }

  /// Mean over the real positions of x [B, N, D]; `mask` [B, N] or absent → [B, D]. A row without
  /// real positions gives 0.
  template <class...>
  Tensor masked_mean(const Tensor& x, const Tensor& mask) {
    if (!mask) return mean(x, {1});
    const Tensor weight = mask.to(x.dtype()).unsqueeze(-1);  // [B, N, 1]
    return sum(x * weight, {1}) / clamp_min(sum(weight, {1}), 1.0);
  }

  /// A mask [B, N] that is true everywhere, for x [B, N, ...].
  template <class...>
  Tensor full_mask(const Tensor& x) {
    return full_like(x.select(2, 0), 1.0).to(WEFT_DTYPE_BOOL);
  }

  /// Which tokens of documents that share a sequence attend to each other: those of one document.
  /// document [B, N], real [B, N] → [B, N, N].
  template <class...>
  Tensor same_document(const Tensor& document, const Tensor& real) {
    return logical_and(equal(document.unsqueeze(1), document.unsqueeze(2)), real.unsqueeze(1));
  }

  /// x [B, N, ...] with zeros where mask [B, N] is false; x itself without a mask.
  template <class...>
  Tensor zero_padding(const Tensor& x, const Tensor& mask) {
    return mask ? masked_fill(x, logical_not(mask).unsqueeze(-1), 0.0) : x;
  }

  /// The masks of several streams side by side, true where a stream has none: [B, N₁ + N₂ + …].
  template <class...>
  Tensor concat_masks(const std::vector<Tensor>& streams, const std::vector<Tensor>& masks) {
    std::vector<Tensor> all;
    for (std::size_t i = 0; i < streams.size(); ++i)
      all.push_back(masks[i] ? masks[i] : full_mask(streams[i]));
    return concat(all, 1);
  }

}  // namespace weft
