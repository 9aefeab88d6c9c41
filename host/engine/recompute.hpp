// SPDX-License-Identifier: Apache-2.0
/// Calls that keep nothing for their gradient and are made again for it (Chen et al. 2016,
/// arXiv:1604.06174).

#pragma once

#include <functional>
#include <vector>

#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// Computes outputs from inputs. Called a second time with `again`, it must do the same sums.
using Compute = std::function<std::vector<Tensor>(const std::vector<Tensor>& inputs, bool again)>;

/// Runs `compute` without recording. When the gradient of an output is asked for, it runs once more
/// with recording on, and gradients flow on to the inputs and parameters, equal to the bit to those
/// of a call that was recorded.
/// @param inputs      absent ones stay absent
/// @param parameters  leaves that `compute` reads
WEFT_ENGINE_API std::vector<Tensor> recomputed(const std::vector<Tensor>& inputs,
                                               const std::vector<Tensor>& parameters,
                                               Compute compute);

}  // namespace weft::host
