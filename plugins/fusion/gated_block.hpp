// SPDX-License-Identifier: Apache-2.0
/// One gated cross-attention, which fusion.gated_cross_attention and fusion.pairwise are made of.
///
///   A = concat of heads softmax(Q Kᵀ / √D_k) V       Q from H_q, K and V from the context
///   P = A W_O + b_O                                  Project(A) of docs/model.md
///   gate "sigmoid": g = σ([H_q, A] W_g + b_g),  H = (1 − g) ⊙ H_q + g ⊙ P
///   gate "tanh":    H = H_q + tanh(α) P              α is 0 at the start: the identity

#pragma once

#include <weft/blocks.hpp>

namespace weft {

inline std::vector<std::string> gate_names() {
  return {"sigmoid", "tanh"};
}

class GatedCrossAttentionBlock {
 public:
  struct Options {
    std::int64_t dim = 64;
    std::int64_t heads = 4;
    double dropout = 0.0;
    std::string gate = "sigmoid";
  };

  GatedCrossAttentionBlock(const Parameters& parameters, const std::string& name,
                           const Options& options)
      : dropout_(options.dropout),
        attention_(parameters.in(name), "attention", options.dim, options.heads) {
    if (options.gate == "sigmoid")
      gate_.emplace(parameters.in(name), "gate", 2 * options.dim, options.dim);
    else
      alpha_ = parameters.in(name).add_without_decay("alpha", {1}, Init::zeros());
  }

  /// query [B, N, D], context [B, M, D], mask [B, M] of the context or absent → [B, N, D].
  /// @param gate  gets what of the answer is taken in, g or tanh(α), [B, N, D]; may be null
  template <class...>
  Tensor operator()(const Tensor& query, const Tensor& context, const Tensor& mask,
                    Tensor* gate = nullptr) const {
    const Tensor attended = attention_.mixed(query, context, mask);            // A
    const Tensor projected = dropout(attention_.project(attended), dropout_);  // P
    if (!gate_) {
      if (gate != nullptr) *gate = expand(tanh(alpha_.tensor()), query.sizes());
      return query + tanh(alpha_.tensor()) * projected;
    }
    const Tensor g = sigmoid((*gate_)(concat({query, attended}, -1)));  // [B, N, D]
    if (gate != nullptr) *gate = g;
    return (1.0 - g) * query + g * projected;
  }

  /// What each token of the query takes of each of the context, by head: [B, H, N, M].
  template <class...>
  Tensor attention(const Tensor& query, const Tensor& context, const Tensor& mask) const {
    return attention_.weights(query, context, mask);
  }

 private:
  double dropout_;
  Attention attention_;
  std::optional<Linear> gate_;
  Parameter alpha_;
};

}  // namespace weft
