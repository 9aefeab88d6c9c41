// SPDX-License-Identifier: Apache-2.0
/// The reasoning state in one vector, for decoders that give one answer a sample.
///
///   r = mean of real tokens | first token | softmax(q Rᵀ / √D) R with a learned query q
///
/// Source  attention pooling with one query: Lee et al. 2019, arXiv:1810.00825, without
/// projections.

#pragma once

#include <weft/blocks.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  inline std::vector<std::string> pooling_names() {
    return {"mean", "first", "attention"};
  }

  class Pooling {
   public:
    Pooling(const Parameters& parameters, std::string kind, std::int64_t dim)
        : kind_(std::move(kind)), dim_(dim) {
      if (kind_ == "attention")
        query_ = parameters.add_without_decay("query", {dim}, Init::normal(0.02));
    }

    /// state [B, N, D], mask [B, N] or absent → [B, D]
    template <class...>
    Tensor operator()(const Tensor& state, const Tensor& mask) const {
      if (kind_ == "first") return state.select(1, 0);
      if (kind_ == "mean") return masked_mean(state, mask);
      const Tensor keys = state.unsqueeze(1);  // [B, 1, N, D]: one head
      const Tensor query =
          expand(query_.tensor().reshape({1, 1, 1, dim_}), {state.size(0), -1, -1, -1});
      const Tensor wide = mask ? mask.unsqueeze(1).unsqueeze(1) : Tensor();  // [B, 1, 1, N]
      return attention(query, keys, keys, wide).reshape({-1, dim_});
    }

   private:
    std::string kind_;
    std::int64_t dim_;
    Parameter query_;
  };

}  // namespace weft
