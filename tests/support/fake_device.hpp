// SPDX-License-Identifier: Apache-2.0
/// A device that is none: LibTorch's backend for devices of others ("privateuseone"), whose memory
/// is the CPU's and whose operations are the CPU's.
///
/// It is as strict as a GPU: an operation that is given tensors of both memories fails, but for
/// those without axes, and so does reading the memory without a copy (weft_tensor_api.data). It
/// shows that everything is placed; speed, streams and the numbers of a GPU it does not show.

#pragma once

#include <cstdint>

namespace weft::test {

/// Tensors of this process are made on it from now on, and random numbers are the CPU's.
void use_fake_device();
/// Back to the CPU.
void leave_fake_device();

/// How often the processor has waited for the device's values since the process began: copies to
/// the CPU's memory, and operations whose result's size depends on values.
std::int64_t fake_device_waits();
/// How many operations ran on it.
std::int64_t fake_device_operations();

}  // namespace weft::test
