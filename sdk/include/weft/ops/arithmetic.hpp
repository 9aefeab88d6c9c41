// SPDX-License-Identifier: Apache-2.0
/// Sums, products and powers of tensors and numbers.

#pragma once

#include <weft/operation.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  // clang-format off
WEFT_OPERATION(sub, "aten::sub", "Tensor", "sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor")
WEFT_OPERATION(div, "aten::div", "Tensor", "div.Tensor(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(add_scalar, "aten::add", "Scalar", "add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor")
WEFT_OPERATION(mul_scalar, "aten::mul", "Scalar", "mul.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(rsub_scalar, "aten::rsub", "Scalar", "rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor")
WEFT_OPERATION(reciprocal, "aten::reciprocal", "", "reciprocal(Tensor self) -> Tensor")
WEFT_OPERATION(neg, "aten::neg", "", "neg(Tensor self) -> Tensor")
WEFT_OPERATION(pow, "aten::pow", "Tensor_Tensor", "pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor")
WEFT_OPERATION(pow_scalar, "aten::pow", "Tensor_Scalar", "pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor")
WEFT_OPERATION(pow_of_scalar, "aten::pow", "Scalar", "pow.Scalar(Scalar self, Tensor exponent) -> Tensor")
WEFT_OPERATION(einsum, "aten::einsum", "", "einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor")
  // clang-format on

  namespace detail {
  /// A number that is no bool.
  template <class T>
  using IfNumber = std::enable_if_t<std::is_arithmetic_v<T> && !std::is_same_v<T, bool>>;
  template <class T>
  using IfBool = std::enable_if_t<std::is_same_v<T, bool>>;
  /// An integer keeps an integer tensor's element type; a floating-point number makes it floating.
  template <class Number>
  auto scalar(Number number) {
    if constexpr (std::is_integral_v<Number>)
      return static_cast<std::int64_t>(number);
    else
      return static_cast<double>(number);
  }
  }  // namespace detail

  /// a + scale b
  template <class...>
  Tensor add(const Tensor& a, const Tensor& b, double scale = 1.0) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->add(a.handle(), b.handle(), scale, &out));
    return Tensor::own(out);
  }
  template <class...>
  Tensor operator+(const Tensor& a, const Tensor& b) {
    return add(a, b);
  }
  /// An integer keeps an integer tensor's element type; a floating-point number makes it floating.
  template <class Number, class = detail::IfNumber<Number>>
  Tensor operator+(const Tensor& a, Number b) {
    return WEFT_OP(add_scalar)(a, detail::scalar(b));
  }
  template <class...>
  Tensor operator-(const Tensor& a, const Tensor& b) {
    return WEFT_OP(sub)(a, b);
  }
  template <class...>
  Tensor operator-(const Tensor& a, double b) {
    return WEFT_OP(add_scalar)(a, -b);
  }
  template <class...>
  Tensor operator-(double a, const Tensor& b) {
    return WEFT_OP(rsub_scalar)(b, a);
  }
  template <class...>
  Tensor operator-(const Tensor& x) {
    return WEFT_OP(neg)(x);
  }
  template <class...>
  Tensor operator*(const Tensor& a, const Tensor& b) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->mul(a.handle(), b.handle(), &out));
    return Tensor::own(out);
  }
  template <class...>
  Tensor operator*(const Tensor& a, double b) {
    return WEFT_OP(mul_scalar)(a, b);
  }
  template <class...>
  Tensor operator*(double a, const Tensor& b) {
    return b * a;
  }
  template <class...>
  Tensor operator/(const Tensor& a, const Tensor& b) {
    return WEFT_OP(div)(a, b);
  }
  template <class...>
  Tensor operator/(const Tensor& a, double b) {
    return a * (1.0 / b);
  }
  template <class...>
  Tensor operator/(double a, const Tensor& b) {
    return a * WEFT_OP(reciprocal)(b);
  }

  // `!mask` asks whether the mask is absent and is a bool of C++; logical_not(mask) is meant. With
  // `+` it does not compile either: operator+ takes no bool.
  template <class Bool, class = detail::IfBool<Bool>>
  Tensor operator-(const Tensor&, Bool) = delete;
  template <class Bool, class = detail::IfBool<Bool>>
  Tensor operator-(Bool, const Tensor&) = delete;
  template <class Bool, class = detail::IfBool<Bool>>
  Tensor operator*(const Tensor&, Bool) = delete;
  template <class Bool, class = detail::IfBool<Bool>>
  Tensor operator*(Bool, const Tensor&) = delete;
  template <class Bool, class = detail::IfBool<Bool>>
  Tensor operator/(const Tensor&, Bool) = delete;
  template <class Bool, class = detail::IfBool<Bool>>
  Tensor operator/(Bool, const Tensor&) = delete;

  /// aᵇ, element by element. The gradient with respect to a at a = 0 is 0 where b is 0 or above 1.
  template <class...>
  Tensor pow(const Tensor& a, const Tensor& b) {
    return WEFT_OP(pow)(a, b);
  }
  template <class Number, class = detail::IfNumber<Number>>
  Tensor pow(const Tensor& a, Number b) {
    return WEFT_OP(pow_scalar)(a, detail::scalar(b));
  }
  template <class Number, class = detail::IfNumber<Number>>
  Tensor pow(Number a, const Tensor& b) {
    return WEFT_OP(pow_of_scalar)(detail::scalar(a), b);
  }

  /// Matrix product over the last two axes, batched over the others.
  template <class...>
  Tensor matmul(const Tensor& a, const Tensor& b) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->matmul(a.handle(), b.handle(), &out));
    return Tensor::own(out);
  }
  /// x Wᵀ + b; `bias` may be absent. x [..., in], weight [out, in], bias [out].
  template <class...>
  Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->linear(x.handle(), weight.handle(), bias.handle(), &out));
    return Tensor::own(out);
  }
  /// Sum of products in Einstein's notation: einsum("bnd,bmd->bnm", {q, k}) multiplies the axes of
  /// one letter and sums over the letters that the right-hand side leaves out.
  template <class List = std::initializer_list<Tensor>>
  Tensor einsum(const std::string& equation, const List& tensors) {
    return WEFT_OP(einsum)(equation, detail::handles(tensors));
  }

}  // namespace weft
