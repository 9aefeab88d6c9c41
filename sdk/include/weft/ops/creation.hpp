// SPDX-License-Identifier: Apache-2.0
/// New tensors with given values, on the device of another.

#pragma once

#include <weft/ops/arithmetic.hpp>

#include <cmath>

namespace weft __attribute__((visibility("hidden"))) {
  // clang-format off
WEFT_OPERATION(full_like, "aten::full_like", "", "full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor")
WEFT_OPERATION(new_full, "aten::new_full", "", "new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor")
WEFT_OPERATION(arange, "aten::arange", "start_out", "arange.start_out(Scalar start, Scalar end, Scalar step=1, *, Tensor(a!) out) -> Tensor(a!)")
WEFT_OPERATION(one_hot, "aten::one_hot", "", "one_hot(Tensor self, int num_classes=-1) -> Tensor")
  // clang-format on

  /// A tensor like x with every element `value`.
  template <class...>
  Tensor full_like(const Tensor& x, double value) {
    return WEFT_OP(full_like)(x, value);
  }
  /// A tensor of these sizes with every element `value`, on the device of `like`. `dtype` is a
  /// WEFT_DTYPE_…; 0: that of `like`.
  template <class Number, class = detail::IfNumber<Number>>
  Tensor full(const Sizes& sizes, Number value, const Tensor& like, std::uint32_t dtype = 0) {
    return WEFT_OP(new_full)(like, sizes, detail::scalar(value),
                             named("dtype", DType{dtype != 0 ? dtype : like.dtype()}));
  }
  template <class...>
  Tensor zeros(const Sizes& sizes, const Tensor& like, std::uint32_t dtype = 0) {
    return full(sizes, 0, like, dtype);
  }
  template <class...>
  Tensor ones(const Sizes& sizes, const Tensor& like, std::uint32_t dtype = 0) {
    return full(sizes, 1, like, dtype);
  }
  /// start, start + step, … below `end` (above it for a negative step), on the device of `like`.
  template <class Number, class = detail::IfNumber<Number>>
  Tensor arange(Number start, Number end, Number step, const Tensor& like, std::uint32_t dtype) {
    // The result's memory is the host's and cannot grow.
    const double count = std::ceil((static_cast<double>(end) - static_cast<double>(start)) /
                                   static_cast<double>(step));
    const std::int64_t size = count > 0.0 && count < 1e18 ? static_cast<std::int64_t>(count) : 0;
    return WEFT_OP(arange)(detail::scalar(start), detail::scalar(end), detail::scalar(step),
                           named("out", empty({size}, dtype, like)));
  }
  /// 0, 1, …, count − 1: int64 [count], on the device of `like`.
  template <class...>
  Tensor arange(std::int64_t count, const Tensor& like) {
    return arange(std::int64_t{0}, count, std::int64_t{1}, like, WEFT_DTYPE_INT64);
  }
  /// ids [...] int64 → [..., classes] int64, 1 at the id and 0 elsewhere. An id that is no class is
  /// refused.
  template <class...>
  Tensor one_hot(const Tensor& ids, std::int64_t classes) {
    return WEFT_OP(one_hot)(ids, classes);
  }

}  // namespace weft
