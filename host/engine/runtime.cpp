// SPDX-License-Identifier: Apache-2.0
#include "host/engine/runtime.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/headeronly/version.h>

#include "host/engine/failure.hpp"

namespace weft::host {

void set_threads(int threads) {
  checked("setting the number of threads", [&] { at::set_num_threads(threads); });
}

void set_deterministic(bool deterministic) {
  at::globalContext().setDeterministicAlgorithms(deterministic, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(deterministic);
}

std::string torch_version() {
  return TORCH_VERSION;
}

}  // namespace weft::host
