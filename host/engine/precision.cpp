// SPDX-License-Identifier: Apache-2.0
#include "host/engine/precision.hpp"

#include <ATen/autocast_mode.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>

#include "host/engine/device/placement.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {
namespace {

/// The shortest of some products.
double seconds_of(const at::Tensor& matrix) {
  double best = 1e9;
  for (int i = 0; i < 8; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    at::matmul(matrix, matrix);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    best = std::min(best, time.count());
  }
  return best;
}

at::ScalarType scalar_type(DType precision) {
  return precision == DType::float16 ? at::kHalf : at::kBFloat16;
}

}  // namespace

Autocast::Autocast(DType precision) : enabled_(precision != DType::float32) {
  if (!enabled_) return;
  device_ = static_cast<int>(current_device().type());
  const auto device = static_cast<at::DeviceType>(device_);
  at::autocast::set_autocast_dtype(device, scalar_type(precision));
  at::autocast::set_autocast_cache_enabled(false);  // weights change between calls
  at::autocast::set_autocast_enabled(device, true);
}

Autocast::~Autocast() {
  if (!enabled_) return;
  at::autocast::set_autocast_enabled(static_cast<at::DeviceType>(device_), false);
  at::autocast::set_autocast_cache_enabled(true);
}

void widen(std::vector<Tensor>& tensors) {
  checked("converting to float32", [&] {
    for (Tensor& tensor : tensors)
      if (tensor && (tensor_of(tensor).scalar_type() == at::kBFloat16 ||
                     tensor_of(tensor).scalar_type() == at::kHalf))
        tensor = wrap(tensor_of(tensor).to(at::kFloat));
  });
}

double time_ratio(DType precision) {
  return checked("timing numbers of 16 bits", [&] {
    const c10::NoGradGuard no_grad;
    const at::Tensor matrix = at::ones({256, 256});
    return seconds_of(matrix.to(scalar_type(precision))) / seconds_of(matrix);
  });
}

}  // namespace weft::host
