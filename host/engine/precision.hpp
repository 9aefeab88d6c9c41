// SPDX-License-Identifier: Apache-2.0
/// Computing in bfloat16 where LibTorch holds that to be safe.

#pragma once

#include <vector>

#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// While it lives, operations of this thread run under autocast to bfloat16: products of matrices
/// and convolutions in bfloat16, sums and norms in float32. Weights stay what they are.
class WEFT_ENGINE_API Autocast {
 public:
  explicit Autocast(bool enabled);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  const bool enabled_;
  int device_ = 0;  ///< LibTorch's number of the kind of device
};

/// bfloat16 tensors as float32, recorded for backward; others as they are.
WEFT_ENGINE_API void widen(std::vector<Tensor>& tensors);

/// How many times as long as in float32 a product [256, 256] · [256, 256] takes in bfloat16 on this
/// processor, measured in some milliseconds.
WEFT_ENGINE_API double bf16_time_ratio();

}  // namespace weft::host
