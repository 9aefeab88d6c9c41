// SPDX-License-Identifier: Apache-2.0
/// Functions that work element by element, and the larger or smaller of two.

#pragma once

#include <weft/ops/arithmetic.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  // clang-format off
WEFT_OPERATION(sigmoid, "aten::sigmoid", "", "sigmoid(Tensor self) -> Tensor")
WEFT_OPERATION(tanh, "aten::tanh", "", "tanh(Tensor self) -> Tensor")
WEFT_OPERATION(relu, "aten::relu", "", "relu(Tensor self) -> Tensor")
WEFT_OPERATION(gelu, "aten::gelu", "", "gelu(Tensor self, *, str approximate='none') -> Tensor")
WEFT_OPERATION(silu, "aten::silu", "", "silu(Tensor self) -> Tensor")
WEFT_OPERATION(glu, "aten::glu", "", "glu(Tensor self, int dim=-1) -> Tensor")
WEFT_OPERATION(exp, "aten::exp", "", "exp(Tensor self) -> Tensor")
WEFT_OPERATION(log, "aten::log", "", "log(Tensor self) -> Tensor")
WEFT_OPERATION(sqrt, "aten::sqrt", "", "sqrt(Tensor self) -> Tensor")
WEFT_OPERATION(abs, "aten::abs", "", "abs(Tensor self) -> Tensor")
WEFT_OPERATION(sin, "aten::sin", "", "sin(Tensor self) -> Tensor")
WEFT_OPERATION(cos, "aten::cos", "", "cos(Tensor self) -> Tensor")
WEFT_OPERATION(detach, "aten::detach", "", "detach(Tensor(a) self) -> Tensor(a)")
WEFT_OPERATION(clamp_min, "aten::clamp_min", "", "clamp_min(Tensor self, Scalar min) -> Tensor")
WEFT_OPERATION(clamp_max, "aten::clamp_max", "", "clamp_max(Tensor self, Scalar max) -> Tensor")
WEFT_OPERATION(clamp, "aten::clamp", "", "clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor")
WEFT_OPERATION(maximum, "aten::maximum", "", "maximum(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(minimum, "aten::minimum", "", "minimum(Tensor self, Tensor other) -> Tensor")
  // clang-format on

  /// σ(x) = 1 / (1 + e⁻ˣ)
  template <class...>
  Tensor sigmoid(const Tensor& x) {
    return WEFT_OP(sigmoid)(x);
  }
  /// Hyperbolic tangent.
  template <class...>
  Tensor tanh(const Tensor& x) {
    return WEFT_OP(tanh)(x);
  }
  /// max(x, 0)
  template <class...>
  Tensor relu(const Tensor& x) {
    return WEFT_OP(relu)(x);
  }
  /// x σ(x), also called swish.
  template <class...>
  Tensor silu(const Tensor& x) {
    return WEFT_OP(silu)(x);
  }
  /// eˣ
  template <class...>
  Tensor exp(const Tensor& x) {
    return WEFT_OP(exp)(x);
  }
  /// Natural logarithm.
  template <class...>
  Tensor log(const Tensor& x) {
    return WEFT_OP(log)(x);
  }
  template <class...>
  Tensor sqrt(const Tensor& x) {
    return WEFT_OP(sqrt)(x);
  }
  template <class...>
  Tensor abs(const Tensor& x) {
    return WEFT_OP(abs)(x);
  }
  /// Sine of an angle in radians.
  template <class...>
  Tensor sin(const Tensor& x) {
    return WEFT_OP(sin)(x);
  }
  /// Cosine of an angle in radians.
  template <class...>
  Tensor cos(const Tensor& x) {
    return WEFT_OP(cos)(x);
  }
  /// The same values, cut from the graph: no gradient flows through.
  template <class...>
  Tensor detach(const Tensor& x) {
    return WEFT_OP(detach)(x);
  }
  /// x Φ(x) with the exact normal distribution, or its tanh approximation.
  template <class...>
  Tensor gelu(const Tensor& x, bool approximate = false) {
    return WEFT_OP(gelu)(x, named("approximate", approximate ? "tanh" : "none"));
  }
  /// Gated linear unit: a σ(b), where a and b are the halves of x along `axis`.
  template <class...>
  Tensor glu(const Tensor& x, std::int64_t axis) {
    return WEFT_OP(glu)(x, axis);
  }

  template <class...>
  Tensor clamp_min(const Tensor& x, double low) {
    return WEFT_OP(clamp_min)(x, low);
  }
  template <class...>
  Tensor clamp_max(const Tensor& x, double high) {
    return WEFT_OP(clamp_max)(x, high);
  }
  /// x, but `low` below it and `high` above it; no gradient flows where x was outside.
  template <class...>
  Tensor clamp(const Tensor& x, double low, double high) {
    return WEFT_OP(clamp)(x, low, high);
  }
  /// The larger of a and b; of equals each gets half the gradient.
  template <class...>
  Tensor maximum(const Tensor& a, const Tensor& b) {
    return WEFT_OP(maximum)(a, b);
  }
  /// The smaller of a and b; of equals each gets half the gradient.
  template <class...>
  Tensor minimum(const Tensor& a, const Tensor& b) {
    return WEFT_OP(minimum)(a, b);
  }

}  // namespace weft
