// SPDX-License-Identifier: Apache-2.0
/// The process's device as LibTorch's type. Internal to host/engine.

#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace weft::host {

/// Where this thread makes tensors.
c10::Device current_device();

/// A tensor of the CPU's memory, there. The copy is queued through page-locked memory and not
/// waited for; on the CPU it is the tensor itself.
at::Tensor sent_to_device(const at::Tensor& tensor);

/// To be called where a plug-in asks for memory that the processor cannot read.
void note_refused_memory();

}  // namespace weft::host
