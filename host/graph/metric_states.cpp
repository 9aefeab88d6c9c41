// SPDX-License-Identifier: Apache-2.0
#include "host/graph/metric_states.hpp"

#include <algorithm>
#include <cstring>

namespace weft::host {
namespace {

/// The larger or the smaller of each pair of elements.
template <class T>
Array extreme(const Array& a, const Array& b, bool largest) {
  Array result = Array::empty(a.dtype, a.sizes);
  for (std::int64_t i = 0; i < result.count(); ++i) {
    const T x = a.data<T>()[i], y = b.data<T>()[i];
    result.data<T>()[i] = largest ? std::max(x, y) : std::min(x, y);
  }
  return result;
}

}  // namespace

States initial_states(const Instance& metric) {
  States states;
  for (const StateDecl& declared : metric.states()) {
    Array array = Array::empty(static_cast<DType>(declared.dtype), declared.sizes);
    if (array.dtype == DType::float64)
      std::fill_n(array.data<double>(), array.count(), declared.initial);
    else
      std::fill_n(array.data<std::int64_t>(), array.count(),
                  static_cast<std::int64_t>(declared.initial));
    states.push_back(from_array(array));
  }
  return states;
}

Tensor merge(const Tensor& a, const Tensor& b, std::uint32_t rule) {
  if (rule == WEFT_MERGE_SUM) return add(a, b);
  const Array left = to_array(a), right = to_array(b);
  if (rule == WEFT_MERGE_CONCAT) {
    std::vector<std::int64_t> sizes = left.sizes;
    sizes[0] += right.sizes[0];
    Array joined = Array::empty(left.dtype, sizes);
    std::memcpy(joined.bytes.get(), left.bytes.get(), left.byte_count());
    std::memcpy(joined.bytes.get() + left.byte_count(), right.bytes.get(), right.byte_count());
    return from_array(joined);
  }
  const bool largest = rule == WEFT_MERGE_MAX;
  return from_array(left.dtype == DType::float64 ? extreme<double>(left, right, largest)
                                                 : extreme<std::int64_t>(left, right, largest));
}

}  // namespace weft::host
