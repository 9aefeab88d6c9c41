// SPDX-License-Identifier: Apache-2.0
/// A warp takes a row, and its 32 lanes the classes in turn.

#include <cuda_runtime.h>

#include "focal_kernels.hpp"

namespace weft {
namespace focal {
namespace {

constexpr int k_lanes = 32;
constexpr int k_rows = 4;  // of a block

/// The largest of the warp's values, and their sum, in all lanes and always in one order.
__device__ double top_of_warp(double value) {
  for (int apart = k_lanes / 2; apart > 0; apart /= 2)
    value = fmax(value, __shfl_xor_sync(0xffffffffu, value, apart));
  return value;
}
__device__ double sum_of_warp(double value) {
  for (int apart = k_lanes / 2; apart > 0; apart /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, apart);
  return value;
}

/// log Σ_v exp(z_v) of a row.
template <class T>
__device__ double log_sum_exp(const View<T>& logits, std::int64_t row, int lane) {
  const double top = top_of_warp(top_of(logits, row, lane, k_lanes));
  return top + log(sum_of_warp(sum_of(logits, row, top, lane, k_lanes)));
}

__device__ std::int64_t row_of_warp() {
  return static_cast<std::int64_t>(blockIdx.x) * k_rows + threadIdx.y;
}

template <class T>
__global__ void losses_kernel(Batch<T> batch, double gamma, double* losses) {
  const std::int64_t row = row_of_warp();
  const int lane = static_cast<int>(threadIdx.x);
  if (row >= batch.logits.rows) return;
  double loss = 0.0;
  if (is_present(batch, row)) {
    loss = nan("");
    if (has_class(batch, row)) {
      const double log_sum = log_sum_exp(batch.logits, row, lane);
      const double z = static_cast<double>(at(batch.logits, row, at(batch.target, row)));
      loss = loss_of(z - log_sum, gamma);
    }
  }
  if (lane == 0) losses[row] = loss;
}

template <class T>
__global__ void gradient_kernel(Batch<T> batch, double gamma, const T* outer, T* out) {
  const std::int64_t row = row_of_warp();
  const int lane = static_cast<int>(threadIdx.x);
  if (row >= batch.logits.rows) return;
  T* const mine = out + row * batch.logits.columns;
  if (!is_present(batch, row) || !has_class(batch, row)) {
    const T value = is_present(batch, row) ? static_cast<T>(nan("")) : T(0);
    for (std::int64_t v = lane; v < batch.logits.columns; v += k_lanes) mine[v] = value;
    return;
  }
  const std::int64_t y = at(batch.target, row);
  const double log_sum = log_sum_exp(batch.logits, row, lane);
  const double log_p = static_cast<double>(at(batch.logits, row, y)) - log_sum;
  const double factor = static_cast<double>(*outer) * slope_of(log_p, gamma);
  differentiate(batch.logits, row, y, log_sum, factor, mine, lane, k_lanes);
}

/// Runs `kernel` with a warp for each row. @return null, or why it could not be queued
template <class... Parameters, class... Arguments>
const char* queue(void (*kernel)(Parameters...), std::int64_t rows, void* stream,
                  Arguments... arguments) {
  if (rows == 0) return nullptr;
  const auto blocks = static_cast<unsigned>((rows + k_rows - 1) / k_rows);
  kernel<<<blocks, dim3(k_lanes, k_rows), 0, static_cast<cudaStream_t>(stream)>>>(arguments...);
  const cudaError_t status = cudaGetLastError();
  return status == cudaSuccess ? nullptr : cudaGetErrorString(status);
}

}  // namespace

template <class T>
const char* queue_losses(const Batch<T>& batch, double gamma, double* losses, void* stream) {
  return queue(losses_kernel<T>, batch.logits.rows, stream, batch, gamma, losses);
}

template <class T>
const char* queue_gradient(const Batch<T>& batch, double gamma, const T* outer, T* out,
                           void* stream) {
  return queue(gradient_kernel<T>, batch.logits.rows, stream, batch, gamma, outer, out);
}

template const char* queue_losses(const Batch<float>&, double, double*, void*);
template const char* queue_losses(const Batch<double>&, double, double*, void*);
template const char* queue_gradient(const Batch<float>&, double, const float*, float*, void*);
template const char* queue_gradient(const Batch<double>&, double, const double*, double*, void*);

}  // namespace focal
}  // namespace weft
