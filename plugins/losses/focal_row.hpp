// SPDX-License-Identifier: Apache-2.0
/// One row of the focal loss (focal.cpp has the equation), for the CPU's loop and for CUDA's
/// kernel. `lanes` threads may share a row: each takes every lanes-th class, beginning with its
/// own.

#pragma once

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define WEFT_FOCAL_ROW __host__ __device__ inline
#else
#define WEFT_FOCAL_ROW inline
#endif

namespace weft {
namespace focal {

/// A matrix, or a vector as its first column, in memory with any strides.
template <class T>
struct View {
  const T* data;
  std::int64_t rows, columns, row_stride, column_stride;
};

template <class T>
WEFT_FOCAL_ROW T at(const View<T>& view, std::int64_t row, std::int64_t column = 0) {
  return view.data[row * view.row_stride + column * view.column_stride];
}

/// What a batch is, beside γ. `present.data` is null where all rows are there.
template <class T>
struct Batch {
  View<T> logits;
  View<std::int64_t> target;
  View<bool> present;
};

template <class T>
WEFT_FOCAL_ROW bool is_present(const Batch<T>& batch, std::int64_t row) {
  return batch.present.data == nullptr || at(batch.present, row);
}
template <class T>
WEFT_FOCAL_ROW bool has_class(const Batch<T>& batch, std::int64_t row) {
  const std::int64_t y = at(batch.target, row);
  return y >= 0 && y < batch.logits.columns;
}

/// The largest score among a lane's classes; −∞ if it has none.
template <class T>
WEFT_FOCAL_ROW double top_of(const View<T>& logits, std::int64_t row, int lane = 0, int lanes = 1) {
  double top = -INFINITY;
  for (std::int64_t v = lane; v < logits.columns; v += lanes)
    top = std::fmax(top, static_cast<double>(at(logits, row, v)));
  return top;
}
/// Σ exp(z_v − top) over a lane's classes.
template <class T>
WEFT_FOCAL_ROW double sum_of(const View<T>& logits, std::int64_t row, double top, int lane = 0,
                             int lanes = 1) {
  double sum = 0.0;
  for (std::int64_t v = lane; v < logits.columns; v += lanes)
    sum += std::exp(static_cast<double>(at(logits, row, v)) - top);
  return sum;
}

/// (1 − p)^γ for p = exp(log_p); 1 − p is exact also where p rounds to 1.
WEFT_FOCAL_ROW double focus(double log_p, double gamma) {
  return std::pow(-std::expm1(log_p), gamma);
}
/// The loss of a row whose class has probability exp(log_p).
WEFT_FOCAL_ROW double loss_of(double log_p, double gamma) {
  return -(focus(log_p, gamma) * log_p);
}
/// What 1{v = y} − p_v is multiplied with in the derivative of a row's loss.
WEFT_FOCAL_ROW double slope_of(double log_p, double gamma) {
  const double rest = -std::expm1(log_p);  // 1 − p
  // At p = 1 the first term tends to zero, but reads as 0 / 0.
  const double slope =
      rest > 0.0 ? gamma * focus(log_p, gamma) / rest * std::exp(log_p) * log_p : 0.0;
  return slope - focus(log_p, gamma);
}
/// ∂loss/∂z_v of a row, over the lane's classes, into out [V].
template <class T>
WEFT_FOCAL_ROW void differentiate(const View<T>& logits, std::int64_t row, std::int64_t y,
                                  double log_sum, double factor, T* out, int lane = 0,
                                  int lanes = 1) {
  for (std::int64_t v = lane; v < logits.columns; v += lanes) {
    const double p = std::exp(static_cast<double>(at(logits, row, v)) - log_sum);
    out[v] = static_cast<T>(factor * ((v == y ? 1.0 : 0.0) - p));
  }
}

}  // namespace focal
}  // namespace weft
