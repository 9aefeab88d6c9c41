// SPDX-License-Identifier: Apache-2.0
/// Affine layers, embeddings, activations and the feed-forward network.

#pragma once

#include <weft/ops.hpp>
#include <weft/parameters.hpp>

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

  /// Activation functions by the name a recipe uses. gelu_tanh is the tanh approximation of gelu;
  /// quick_gelu is x σ(1.702 x) (Hendrycks and Gimpel 2016, arXiv:1606.08415, both).
  inline std::vector<std::string> activation_names() {
    return {"relu", "gelu", "silu", "gelu_tanh", "quick_gelu"};
  }

  template <class...>
  Tensor activate(const std::string& name, const Tensor& x) {
    if (name == "relu") return relu(x);
    if (name == "gelu") return gelu(x);
    if (name == "silu") return silu(x);
    if (name == "gelu_tanh") return gelu(x, /*approximate=*/true);
    if (name == "quick_gelu") return x * sigmoid(1.702 * x);
    throw Error(WEFT_INVALID, "no activation is called \"" + name + "\"");
  }

  /// dropout() with a fixed probability: in training, zeroes each element with probability p and
  /// scales the others by 1 / (1 − p).
  class Dropout {
   public:
    explicit Dropout(double p = 0.0) : p_(p) {
      if (p < 0.0 || p >= 1.0)
        reject("dropout", "must be from 0 to below 1, found " + std::to_string(p));
    }
    template <class...>
    Tensor operator()(const Tensor& x) const {
      return dropout(x, p_);
    }

   private:
    double p_;
  };

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

}  // namespace weft
