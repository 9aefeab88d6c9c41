// SPDX-License-Identifier: Apache-2.0
/// The focal loss on CUDA: what focal.cu queues in a stream. Pointers lead into the GPU's memory.

#pragma once

#include "focal_row.hpp"

namespace weft {
namespace focal {

/// The loss of each row into losses [B]; 0 of an absent row, NaN of a target that is no class.
/// @param stream  a cudaStream_t
/// @return null, or why it could not be queued
template <class T>
const char* queue_losses(const Batch<T>& batch, double gamma, double* losses, void* stream);

/// outer · ∂loss/∂logits into out [B, V]; 0 in an absent row, NaN where a target is no class.
template <class T>
const char* queue_gradient(const Batch<T>& batch, double gamma, const T* outer, T* out,
                           void* stream);

}  // namespace focal
}  // namespace weft
