// SPDX-License-Identifier: Apache-2.0
#include "host/engine/runtime.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/headeronly/version.h>

#include <mutex>

#include "host/engine/device/placement.hpp"
#include "host/engine/failure.hpp"

namespace weft::host {

void set_threads(int threads) {
  // In a child process the first call makes LibTorch's pool of threads anew; a second thread that
  // calls meanwhile would find none.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  checked("setting the number of threads", [&] { at::set_num_threads(threads); });
}

void set_deterministic(bool deterministic) {
  // On a GPU some operations have no other implementation, that of the CTC loss's gradient among
  // them; LibTorch names them on standard error.
  const bool has_all = current_device().is_cpu();
  at::globalContext().setDeterministicAlgorithms(deterministic, /*warn_only=*/!has_all);
  at::globalContext().setDeterministicCuDNN(deterministic);
}

int threads() {
  return at::get_num_threads();
}

std::string cpu_capability() {
  return at::get_cpu_capability();
}

std::string torch_version() {
  return TORCH_VERSION;
}

}  // namespace weft::host
