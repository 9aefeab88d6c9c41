// SPDX-License-Identifier: Apache-2.0
/// Sums, extremes and order along axes.

#pragma once

#include <weft/ops/arithmetic.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  // clang-format off
WEFT_OPERATION(mean, "aten::mean", "dim", "mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
WEFT_OPERATION(var, "aten::var", "correction", "var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor")
WEFT_OPERATION(norm, "aten::linalg_vector_norm", "", "linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
WEFT_OPERATION(logsumexp, "aten::logsumexp", "", "logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor")
WEFT_OPERATION(amax, "aten::amax", "", "amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor")
WEFT_OPERATION(amin, "aten::amin", "", "amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor")
WEFT_OPERATION(max_of, "aten::max", "dim", "max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
WEFT_OPERATION(min_of, "aten::min", "dim", "min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
WEFT_OPERATION(argmax, "aten::argmax", "", "argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor")
WEFT_OPERATION(topk, "aten::topk", "", "topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)")
WEFT_OPERATION(sort, "aten::sort", "stable", "sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)")
WEFT_OPERATION(softmax, "aten::softmax", "int", "softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor")
WEFT_OPERATION(log_softmax, "aten::log_softmax", "int", "log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor")
WEFT_OPERATION(cumsum, "aten::cumsum", "", "cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor")
  // clang-format on

  /// Sum over `axes`; all axes if the list is empty. Of integers and bools: int64.
  template <class...>
  Tensor sum(const Tensor& x, const Sizes& axes = {}, bool keep = false) {
    weft_tensor out = nullptr;
    detail::check(
        detail::host->op->sum(x.handle(), axes.data(), detail::length(axes), keep ? 1u : 0u, &out));
    return Tensor::own(out);
  }
  /// Mean over `axes`; all axes if the list is empty. x is floating.
  template <class...>
  Tensor mean(const Tensor& x, const Sizes& axes, bool keep = false) {
    return WEFT_OP(mean)(x, axes, keep);
  }
  /// Σ (x − mean)² / (n − correction) over `axes`, n elements; all axes if the list is empty.
  /// correction 0: the variance of the elements; 1: its unbiased estimate from a sample.
  template <class...>
  Tensor var(const Tensor& x, const Sizes& axes, bool keep = false, std::int64_t correction = 0) {
    return WEFT_OP(var)(x, axes, named("correction", correction), named("keepdim", keep));
  }
  /// (Σ |x|ᵖ)^(1/p) over `axes`; all axes if the list is empty. The gradient at 0 is 0.
  template <class...>
  Tensor norm(const Tensor& x, const Sizes& axes = {}, bool keep = false, double p = 2.0) {
    return WEFT_OP(norm)(x, p, axes, keep);
  }
  /// log Σ eˣ over `axes`, without overflow.
  template <class...>
  Tensor logsumexp(const Tensor& x, const Sizes& axes, bool keep = false) {
    return WEFT_OP(logsumexp)(x, axes, keep);
  }

  /// Values along an axis and where they stood, int64.
  struct Indexed {
    Tensor values, indices;
  };

  /// The largest over `axes`; all axes if the list is empty. Equals share the gradient.
  template <class...>
  Tensor max(const Tensor& x, const Sizes& axes = {}, bool keep = false) {
    return WEFT_OP(amax)(x, axes, keep);
  }
  /// The smallest over `axes`; all axes if the list is empty. Equals share the gradient.
  template <class...>
  Tensor min(const Tensor& x, const Sizes& axes = {}, bool keep = false) {
    return WEFT_OP(amin)(x, axes, keep);
  }
  /// The largest along an axis and its index; of equals one, which gets the whole gradient.
  template <class...>
  Indexed max_with_index(const Tensor& x, std::int64_t axis, bool keep = false) {
    auto [values, indices] = WEFT_OP(max_of).template results<2>(x, axis, keep);
    return {std::move(values), std::move(indices)};
  }
  /// The smallest along an axis and its index; of equals one, which gets the whole gradient.
  template <class...>
  Indexed min_with_index(const Tensor& x, std::int64_t axis, bool keep = false) {
    auto [values, indices] = WEFT_OP(min_of).template results<2>(x, axis, keep);
    return {std::move(values), std::move(indices)};
  }
  /// Index of the largest element along an axis; the first of equals.
  template <class...>
  Tensor argmax(const Tensor& x, std::int64_t axis, bool keep = false) {
    return WEFT_OP(argmax)(x, axis, keep);
  }
  /// The k largest (or smallest) along an axis, largest (smallest) first.
  template <class...>
  Indexed topk(const Tensor& x, std::int64_t k, std::int64_t axis, bool largest = true) {
    auto [values, indices] = WEFT_OP(topk).template results<2>(x, k, axis, largest, true);
    return {std::move(values), std::move(indices)};
  }
  /// All elements along an axis, the smallest (or largest) first; equals keep their order.
  template <class...>
  Indexed sort(const Tensor& x, std::int64_t axis, bool descending = false) {
    auto [values, indices] = WEFT_OP(sort).template results<2>(
        x, named("stable", true), named("dim", axis), named("descending", descending));
    return {std::move(values), std::move(indices)};
  }

  template <class...>
  Tensor softmax(const Tensor& x, std::int64_t axis) {
    return WEFT_OP(softmax)(x, axis);
  }
  template <class...>
  Tensor log_softmax(const Tensor& x, std::int64_t axis) {
    return WEFT_OP(log_softmax)(x, axis);
  }
  template <class...>
  Tensor cumulative_sum(const Tensor& x, std::int64_t axis) {
    return WEFT_OP(cumsum)(x, axis);
  }

}  // namespace weft
