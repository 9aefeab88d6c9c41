// SPDX-License-Identifier: Apache-2.0
/// Attention and the Transformer block. B batch, N query length, M context length, D width, h
/// heads.

#pragma once

#include <weft/blocks/linear.hpp>
#include <weft/blocks/norm.hpp>
#include <weft/sequence.hpp>

#include <cmath>

namespace weft __attribute__((visibility("hidden"))) {

  /// What an attention remembers in a sequence (weft/sequence.hpp).
  enum class Remembers {
    nothing,
    past,     ///< keys and values of the tokens so far: causal self-attention
    context,  ///< keys and values of the context, computed once
  };

  /// Multi-head attention: Concat(head₁ … head_h) W_O with headᵢ = softmax(Qᵢ Kᵢᵀ / √(D/h)) Vᵢ
  /// (Vaswani et al. 2017). Self-attention when query and context are the same tensor.
  class Attention {
   public:
    Attention() = default;
    /// `context_dim` 0: as wide as the query. A bias of the keys changes no attention weight: what
    /// it adds to a query's scores is alike for all keys.
    Attention(const Parameters& parameters, const std::string& name, std::int64_t dim,
              std::int64_t heads, std::int64_t context_dim = 0,
              Remembers remembers = Remembers::nothing, bool key_bias = true)
        : heads_(heads),
          remembers_(remembers),
          query_(parameters.in(name), "query", dim, dim),
          key_(parameters.in(name), "key", context_dim > 0 ? context_dim : dim, dim, key_bias),
          value_(parameters.in(name), "value", context_dim > 0 ? context_dim : dim, dim),
          out_(parameters.in(name), "out", dim, dim) {
      if (dim % heads != 0)
        reject("heads", std::to_string(heads) + " must divide dim " + std::to_string(dim));
      if (remembers == Remembers::nothing) return;
      const bool grows = remembers == Remembers::past;
      const std::uint32_t kind = grows ? WEFT_CACHE_APPEND : WEFT_CACHE_ONCE, axis = grows ? 2 : 0;
      key_cache_ = Cache(parameters.in(name), "keys", kind, axis);
      value_cache_ = Cache(parameters.in(name), "values", kind, axis);
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
      if (remembers_ == Remembers::past && in_sequence()) return of_past(query, mask, causal);
      const Tensor wide = beside_heads(query, mask, causal);
      if (remembers_ == Remembers::context && in_sequence())
        return side_by_side(
            attention(split(query_(query)), key_cache_.once([&] { return split(key_(context)); }),
                      value_cache_.once([&] { return split(value_(context)); }), wide));
      return side_by_side(attention(split(query_(query)), split(key_(context)),
                                    split(value_(context)), wide, causal && !mask));
    }
    template <class...>
    Tensor project(const Tensor& mixed) const {
      return out_(mixed);
    }
    /// How much each query takes of each token of the context, softmax(Qᵢ Kᵢᵀ / √(D/h)), 0 for a
    /// context that is fully masked → [B, h, N, M]. For an output on demand, and not in a sequence:
    /// the attention itself does not make them.
    template <class...>
    Tensor weights(const Tensor& query, const Tensor& context, const Tensor& mask,
                   bool causal = false) const {
      const Tensor q = split(query_(query)), k = split(key_(context));
      const Tensor scores =
          matmul(q, k.transpose(2, 3)) * (1.0 / std::sqrt(static_cast<double>(q.size(-1))));
      Tensor wide = beside_heads(query, mask, causal);
      if (causal && !mask)
        wide = lower_triangle(ones({query.size(1), context.size(1)}, query, WEFT_DTYPE_BOOL));
      if (!wide) return softmax(scores, -1);
      const Tensor hidden = logical_not(wide);
      const Tensor low = masked_fill(scores, hidden, -3e4);
      return masked_fill(softmax(low, -1), hidden, 0.0);
    }

   private:
    /// The mask [B, 1, 1 or N, M] that lies over all heads, or absent. The host's attention takes a
    /// mask or `causal`, not both.
    template <class...>
    static Tensor beside_heads(const Tensor& query, const Tensor& mask, bool causal) {
      if (!mask) return Tensor();
      Tensor wide = mask.unsqueeze(1);
      if (mask.dim() == 2) wide = wide.unsqueeze(1);
      return causal ? lower_triangle(expand(wide, {-1, -1, query.size(1), -1})) : wide;
    }
    template <class...>
    Tensor split(const Tensor& x) const {  // [B, N, D] → [B, h, N, D/h]
      return x.reshape({x.size(0), x.size(1), heads_, -1}).transpose(1, 2);
    }
    template <class...>
    static Tensor side_by_side(const Tensor& heads) {  // [B, h, N, D/h] → [B, N, D]
      return heads.transpose(1, 2).reshape({heads.size(0), heads.size(2), -1});
    }
    template <class...>
    Tensor of_past(const Tensor& x, const Tensor& mask, bool causal) const {
      if (mask || !causal)
        throw Error(WEFT_UNSUPPORTED,
                    "attention that remembers the past must be causal, and without a mask");
      return side_by_side(
          attend(key_cache_, value_cache_, split(query_(x)), split(key_(x)), split(value_(x))));
    }

    std::int64_t heads_ = 1;
    Remembers remembers_ = Remembers::nothing;
    Linear query_, key_, value_, out_;
    Cache key_cache_, value_cache_;
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
    bool key_bias = true;
    Remembers remembers = Remembers::nothing;  ///< past: for causal blocks of what grows
  };

  /// Transformer block. Pre-norm: Z' = MHSA(LN(Z)) + Z, then FFN(LN(Z')) + Z' (docs/model.md);
  /// post-norm: LN(Z + MHSA(Z)), then LN(Z' + FFN(Z')).
  class TransformerBlock {
   public:
    TransformerBlock(const Parameters& parameters, const std::string& name,
                     const BlockOptions& options)
        : options_(options),
          norm_1_(parameters.in(name), "norm_1", options.dim, options.eps),
          attention_(parameters.in(name), "attention", options.dim, options.heads, 0,
                     options.remembers, options.key_bias),
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
    /// Attention::weights() of the same call, [B, h, N, N].
    template <class...>
    Tensor attention_weights(const Tensor& x, const Tensor& mask, bool causal = false) const {
      const Tensor seen = options_.pre_norm ? norm_1_(x) : x;
      return attention_.weights(seen, seen, mask, causal);
    }

   private:
    BlockOptions options_;
    LayerNorm norm_1_;
    Attention attention_;
    LayerNorm norm_2_;
    FeedForward feed_forward_;
  };

  /// Rotary position encoding (Su et al. 2021, arXiv:2104.09864): of each head, elements j and
  /// j + d/2 are turned by the angle position · base^(−2j / d), so that the product of a query and
  /// a key depends on how far apart they are. Element pairs as in GPT-NeoX and Llama. x [B, h, N,
  /// d], d even; positions [N] or [B, N] → [B, h, N, d].
  template <class...>
  Tensor rotate_positions(const Tensor& x, const Tensor& positions, double base = 10000.0) {
    const std::int64_t half = x.size(-1) / 2;
    if (x.size(-1) % 2 != 0)
      throw Error(WEFT_INVALID, "rotary positions: the width of a head must be even, found " +
                                    std::to_string(x.size(-1)));
    const Tensor j = arange(half, x).to(WEFT_DTYPE_FLOAT64);
    const Tensor rate = exp(j * (-std::log(base) / static_cast<double>(half)));  // [d/2]
    Tensor angle = positions.to(WEFT_DTYPE_FLOAT64).unsqueeze(-1) * rate;        // [.., N, d/2]
    if (angle.dim() == 3) angle = angle.unsqueeze(1);                            // beside heads
    const Tensor c = cos(angle).to(x.dtype()), s = sin(angle).to(x.dtype());
    const Tensor left = x.slice(-1, 0, half), right = x.slice(-1, half, 2 * half);
    return concat({left * c - right * s, right * c + left * s}, -1);
  }
  /// The same with positions 0, 1, …, N − 1.
  template <class...>
  Tensor rotate_positions(const Tensor& x, double base = 10000.0) {
    return rotate_positions(x, arange(x.size(-2), x), base);
  }

  /// What grouped-query attention is built with.
  struct GroupedAttentionOptions {
    std::int64_t dim = 64;
    std::int64_t heads = 4;
    std::int64_t key_heads = 4;  // as many: multi-head attention; 1: multi-query attention
    double rotary_base = 0.0;    // above 0: rotary positions, 10000 by custom
    bool bias = false;
    bool remembers_past = false;  // keys and values are kept in a sequence: for causal use
  };

  /// Grouped-query self-attention (Ainslie et al. 2023, arXiv:2305.13245): `key_heads` heads of
  /// keys and values, each read by heads / key_heads heads of queries, with rotary positions if
  /// wanted.
  class GroupedAttention {
   public:
    GroupedAttention() = default;
    GroupedAttention(const Parameters& parameters, const std::string& name,
                     const GroupedAttentionOptions& options)
        : options_(options) {
      if (options.dim % options.heads != 0)
        reject("heads",
               std::to_string(options.heads) + " must divide dim " + std::to_string(options.dim));
      if (options.heads % options.key_heads != 0)
        reject("key_heads", std::to_string(options.key_heads) + " must divide heads " +
                                std::to_string(options.heads));
      const std::int64_t width = options.dim / options.heads;
      if (options.rotary_base > 0.0 && width % 2 != 0)
        reject("heads",
               "dim / heads must be even for rotary positions, found " + std::to_string(width));
      const std::int64_t narrow = width * options.key_heads;
      query_ = Linear(parameters.in(name), "query", options.dim, options.dim, options.bias);
      key_ = Linear(parameters.in(name), "key", options.dim, narrow, options.bias);
      value_ = Linear(parameters.in(name), "value", options.dim, narrow, options.bias);
      out_ = Linear(parameters.in(name), "out", options.dim, options.dim, options.bias);
      if (!options.remembers_past) return;
      key_cache_ = Cache(parameters.in(name), "keys", WEFT_CACHE_APPEND, 2);
      value_cache_ = Cache(parameters.in(name), "values", WEFT_CACHE_APPEND, 2);
    }

    /// x [B, N, D], mask [B, N] (true = real), or what each token attends to [B, N, N], or absent
    /// → [B, N, D].
    template <class...>
    Tensor operator()(const Tensor& x, const Tensor& mask, bool causal = false) const {
      Tensor query = split(query_(x), options_.heads), key = split(key_(x), options_.key_heads);
      if (options_.rotary_base > 0.0) {
        // Of the text only where this reads it: others may be given whole contexts in a sequence.
        const Tensor positions =
            options_.remembers_past ? token_positions(x.size(1), x) : arange(x.size(1), x);
        query = rotate_positions(query, positions, options_.rotary_base);
        key = rotate_positions(key, positions, options_.rotary_base);
      }
      if (options_.remembers_past && in_sequence()) return of_past(x, query, key, mask, causal);
      Tensor wide = mask;
      if (mask) wide = mask.dim() == 2 ? mask.unsqueeze(1).unsqueeze(1) : mask.unsqueeze(1);
      if (mask && causal) {
        wide = logical_and(wide, lower_triangle(ones({x.size(1), x.size(1)}, mask)));
        causal = false;
      }
      const Tensor mixed = attention(query, repeated(key),
                                     repeated(split(value_(x), options_.key_heads)), wide, causal);
      return out_(mixed.transpose(1, 2).reshape(x.sizes()));
    }

   private:
    template <class...>
    Tensor of_past(const Tensor& x, const Tensor& query, const Tensor& key, const Tensor& mask,
                   bool causal) const {
      if (mask || !causal)
        throw Error(WEFT_UNSUPPORTED,
                    "attention that remembers the past must be causal, and without a mask");
      const Tensor heads =
          attend(key_cache_, value_cache_, query, key, split(value_(x), options_.key_heads));
      return out_(heads.transpose(1, 2).reshape(x.sizes()));
    }
    template <class...>
    static Tensor split(const Tensor& x, std::int64_t heads) {  // [B, N, h d] → [B, h, N, d]
      return x.reshape({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
    }
    template <class...>
    Tensor repeated(const Tensor& x) const {  // [B, key heads, N, d] → [B, heads, N, d]
      const std::int64_t times = options_.heads / options_.key_heads;
      if (times == 1) return x;
      return expand(x.unsqueeze(2), {-1, -1, times, -1, -1})
          .reshape({x.size(0), options_.heads, x.size(2), x.size(3)});
    }

    GroupedAttentionOptions options_;
    Linear query_, key_, value_, out_;
    Cache key_cache_, value_cache_;
  };

}  // namespace weft
