// SPDX-License-Identifier: Apache-2.0
/// The same elements in another order, shape or type.

#pragma once

#include <weft/ops/arithmetic.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  // clang-format off
WEFT_OPERATION(slice, "aten::slice", "Tensor", "slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)")
WEFT_OPERATION(tril, "aten::tril", "", "tril(Tensor self, SymInt diagonal=0) -> Tensor")
WEFT_OPERATION(unsqueeze, "aten::unsqueeze", "", "unsqueeze(Tensor(a) self, int dim) -> Tensor(a)")
WEFT_OPERATION(expand, "aten::expand", "", "expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)")
WEFT_OPERATION(to_dtype, "aten::to", "dtype", "to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)")
WEFT_OPERATION(stack, "aten::stack", "", "stack(Tensor[] tensors, int dim=0) -> Tensor")
WEFT_OPERATION(pad, "aten::pad", "", "pad(Tensor self, SymInt[] pad, str mode=\"constant\", float? value=None) -> Tensor")
WEFT_OPERATION(roll, "aten::roll", "", "roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor")
WEFT_OPERATION(flip, "aten::flip", "", "flip(Tensor self, int[] dims) -> Tensor")
  // clang-format on

  /// One behind the other along an axis that they have; their other sizes are equal.
  template <class Parts = std::initializer_list<Tensor>>  // tensors in braces, or a vector of them
  Tensor concat(const Parts& parts, std::int64_t axis) {
    const std::vector<weft_tensor> handles = detail::handles(parts);
    weft_tensor out = nullptr;
    detail::check(detail::host->op->cat(handles.data(), static_cast<std::uint32_t>(handles.size()),
                                        axis, &out));
    return Tensor::own(out);
  }
  /// Tensors of one shape along a new axis.
  template <class Parts = std::initializer_list<Tensor>>
  Tensor stack(const Parts& parts, std::int64_t axis) {
    return WEFT_OP(stack)(detail::handles(parts), axis);
  }
  /// Axis i of the result is axis axes[i] of x.
  template <class...>
  Tensor permute(const Tensor& x, const Sizes& axes) {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->permute(x.handle(), axes.data(), detail::length(axes), &out));
    return Tensor::own(out);
  }
  /// Repeats axes of size 1 without copying; -1 keeps an axis.
  template <class...>
  Tensor expand(const Tensor& x, const Sizes& sizes) {
    return WEFT_OP(expand)(x, sizes);
  }
  /// Keeps what lies on or below the diagonal of the last two axes; zero, or false, above it.
  template <class...>
  Tensor lower_triangle(const Tensor& x) {
    return WEFT_OP(tril)(x);
  }
  /// `value` before and behind the elements of the last axes: {before, behind} of the last axis,
  /// then of the one before it, and so on. Negative numbers cut off.
  template <class...>
  Tensor pad(const Tensor& x, const Sizes& widths, double value = 0.0) {
    return WEFT_OP(pad)(x, widths, "constant", value);
  }
  /// Elements moved by `shift` places along an axis; what leaves at the end comes in at the start.
  template <class...>
  Tensor roll(const Tensor& x, std::int64_t shift, std::int64_t axis) {
    return WEFT_OP(roll)(x, Sizes{shift}, Sizes{axis});
  }
  /// The order along each of `axes` reversed.
  template <class...>
  Tensor flip(const Tensor& x, const Sizes& axes) {
    return WEFT_OP(flip)(x, axes);
  }

  template <class...>
  Tensor Tensor::reshape(const Sizes& sizes) const {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->reshape(handle_, sizes.data(), detail::length(sizes), &out));
    return own(out);
  }
  template <class...>
  Tensor Tensor::transpose(std::int64_t axis_a, std::int64_t axis_b) const {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->transpose(handle_, axis_a, axis_b, &out));
    return own(out);
  }
  template <class...>
  Tensor Tensor::select(std::int64_t axis, std::int64_t index) const {
    weft_tensor out = nullptr;
    detail::check(detail::host->op->select(handle_, axis, index, &out));
    return own(out);
  }
  template <class...>
  Tensor Tensor::slice(std::int64_t axis, std::int64_t start, std::int64_t end, std::int64_t step)
      const {
    return WEFT_OP(slice)(*this, axis, start, end, step);
  }
  template <class...>
  Tensor Tensor::unsqueeze(std::int64_t axis) const {
    return WEFT_OP(unsqueeze)(*this, axis);
  }
  template <class...>
  Tensor Tensor::to(std::uint32_t dtype) const {
    return WEFT_OP(to_dtype)(*this, DType{dtype});
  }

}  // namespace weft
