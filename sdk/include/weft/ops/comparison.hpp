// SPDX-License-Identifier: Apache-2.0
/// Comparisons and logic, whose results are bool, and choice by them.

#pragma once

#include <weft/ops/arithmetic.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  // clang-format off
WEFT_OPERATION(eq, "aten::eq", "Tensor", "eq.Tensor(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(eq_scalar, "aten::eq", "Scalar", "eq.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(ne, "aten::ne", "Tensor", "ne.Tensor(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(ne_scalar, "aten::ne", "Scalar", "ne.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(lt, "aten::lt", "Tensor", "lt.Tensor(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(lt_scalar, "aten::lt", "Scalar", "lt.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(le, "aten::le", "Tensor", "le.Tensor(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(le_scalar, "aten::le", "Scalar", "le.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(gt, "aten::gt", "Tensor", "gt.Tensor(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(gt_scalar, "aten::gt", "Scalar", "gt.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(ge, "aten::ge", "Tensor", "ge.Tensor(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(ge_scalar, "aten::ge", "Scalar", "ge.Scalar(Tensor self, Scalar other) -> Tensor")
WEFT_OPERATION(logical_and, "aten::logical_and", "", "logical_and(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(logical_or, "aten::logical_or", "", "logical_or(Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(logical_not, "aten::logical_not", "", "logical_not(Tensor self) -> Tensor")
WEFT_OPERATION(where, "aten::where", "self", "where.self(Tensor condition, Tensor self, Tensor other) -> Tensor")
WEFT_OPERATION(masked_fill, "aten::masked_fill", "Scalar", "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor")
  // clang-format on

  // With a number: an integer is compared as an integer, so that ids beyond 2⁵³ stay apart.

  /// a = b
  template <class...>
  Tensor equal(const Tensor& a, const Tensor& b) {
    return WEFT_OP(eq)(a, b);
  }
  template <class Number, class = detail::IfNumber<Number>>
  Tensor equal(const Tensor& a, Number b) {
    return WEFT_OP(eq_scalar)(a, detail::scalar(b));
  }
  /// a ≠ b
  template <class...>
  Tensor not_equal(const Tensor& a, const Tensor& b) {
    return WEFT_OP(ne)(a, b);
  }
  template <class Number, class = detail::IfNumber<Number>>
  Tensor not_equal(const Tensor& a, Number b) {
    return WEFT_OP(ne_scalar)(a, detail::scalar(b));
  }
  /// a < b
  template <class...>
  Tensor less(const Tensor& a, const Tensor& b) {
    return WEFT_OP(lt)(a, b);
  }
  template <class Number, class = detail::IfNumber<Number>>
  Tensor less(const Tensor& a, Number b) {
    return WEFT_OP(lt_scalar)(a, detail::scalar(b));
  }
  /// a ≤ b
  template <class...>
  Tensor at_most(const Tensor& a, const Tensor& b) {
    return WEFT_OP(le)(a, b);
  }
  template <class Number, class = detail::IfNumber<Number>>
  Tensor at_most(const Tensor& a, Number b) {
    return WEFT_OP(le_scalar)(a, detail::scalar(b));
  }
  /// a > b
  template <class...>
  Tensor greater(const Tensor& a, const Tensor& b) {
    return WEFT_OP(gt)(a, b);
  }
  template <class Number, class = detail::IfNumber<Number>>
  Tensor greater(const Tensor& a, Number b) {
    return WEFT_OP(gt_scalar)(a, detail::scalar(b));
  }
  /// a ≥ b
  template <class...>
  Tensor at_least(const Tensor& a, const Tensor& b) {
    return WEFT_OP(ge)(a, b);
  }
  template <class Number, class = detail::IfNumber<Number>>
  Tensor at_least(const Tensor& a, Number b) {
    return WEFT_OP(ge_scalar)(a, detail::scalar(b));
  }

  /// True where x is false.
  template <class...>
  Tensor logical_not(const Tensor& x) {
    return WEFT_OP(logical_not)(x);
  }
  template <class...>
  Tensor logical_and(const Tensor& a, const Tensor& b) {
    return WEFT_OP(logical_and)(a, b);
  }
  template <class...>
  Tensor logical_or(const Tensor& a, const Tensor& b) {
    return WEFT_OP(logical_or)(a, b);
  }

  /// a where the condition is true, b elsewhere.
  template <class...>
  Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
    return WEFT_OP(where)(condition, a, b);
  }
  /// x with `value` where the mask is true.
  template <class...>
  Tensor masked_fill(const Tensor& x, const Tensor& mask, double value) {
    return WEFT_OP(masked_fill)(x, mask, value);
  }

}  // namespace weft
