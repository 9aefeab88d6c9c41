// SPDX-License-Identifier: Apache-2.0
/// Computing in numbers of 16 bits where LibTorch holds that to be safe.

#pragma once

#include <vector>

#include "host/base/array.hpp"
#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// While it lives, operations of this thread run under autocast to bfloat16 or float16: products
/// of matrices and convolutions in it, sums and norms in float32. Weights stay what they are.
class WEFT_ENGINE_API Autocast {
 public:
  /// @param precision  float32: nothing changes
  explicit Autocast(DType precision);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  const bool enabled_;
  int device_ = 0;  ///< LibTorch's number of the kind of device
};

/// Tensors of 16 bits as float32, recorded for backward; others as they are.
WEFT_ENGINE_API void widen(std::vector<Tensor>& tensors);

/// How many times as long as in float32 a product [256, 256] · [256, 256] takes in numbers of 16
/// bits on this processor, measured in some milliseconds.
WEFT_ENGINE_API double time_ratio(DType precision);

}  // namespace weft::host
