// SPDX-License-Identifier: Apache-2.0
/// Elements and rows by their index; indices are int64.

#pragma once

#include <weft/ops/arithmetic.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  // clang-format off
WEFT_OPERATION(gather, "aten::gather", "", "gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor")
WEFT_OPERATION(scatter, "aten::scatter", "src", "scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor")
WEFT_OPERATION(scatter_add, "aten::scatter_add", "", "scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor")
WEFT_OPERATION(index_add, "aten::index_add", "", "index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor")
WEFT_OPERATION(index_select, "aten::index_select", "", "index_select(Tensor self, int dim, Tensor index) -> Tensor")
WEFT_OPERATION(nonzero, "aten::nonzero", "", "nonzero(Tensor self) -> Tensor")
WEFT_OPERATION(embedding, "aten::embedding", "", "embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor")
  // clang-format on

  /// Elements of x at `index` along an axis; index has x's number of axes.
  template <class...>
  Tensor gather(const Tensor& x, std::int64_t axis, const Tensor& index) {
    return WEFT_OP(gather)(x, axis, index);
  }
  /// x with the elements of `source` put to `index` along an axis, where gather() would find them;
  /// index has x's number of axes. Of several for one place any may win: give each place once.
  template <class...>
  Tensor scatter(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
    return WEFT_OP(scatter)(x, axis, index, source);
  }
  /// The same, but added to what is there: several for one place add up.
  template <class...>
  Tensor scatter_add(const Tensor& x, std::int64_t axis, const Tensor& index,
                     const Tensor& source) {
    return WEFT_OP(scatter_add)(x, axis, index, source);
  }
  /// x + the rows of `source` added at `index` along an axis.
  template <class...>
  Tensor index_add(const Tensor& x, std::int64_t axis, const Tensor& index, const Tensor& source) {
    return WEFT_OP(index_add)(x, axis, index, source);
  }
  /// Indices [n, axes] of the elements that are true; n depends on the values, so a device must be
  /// waited for.
  template <class...>
  Tensor nonzero(const Tensor& x) {
    return WEFT_OP(nonzero)(x);
  }
  /// The entries of an axis at `index` [n].
  template <class...>
  Tensor index_select(const Tensor& x, std::int64_t axis, const Tensor& index) {
    return WEFT_OP(index_select)(x, axis, index);
  }
  /// Rows of weight [V, D] at ids [...] → [..., D].
  template <class...>
  Tensor embedding(const Tensor& weight, const Tensor& ids) {
    return WEFT_OP(embedding)(weight, ids);
  }

}  // namespace weft
