// SPDX-License-Identifier: Apache-2.0
/// Where tensors lie and operations run: the CPU, or one GPU for the whole process.
///
/// Parameters, batches and what is made of them are on that device; Array is always in the memory
/// of the CPU, so that checkpoints know no device.

#pragma once

#include <weft/drafts.h>

#include <functional>
#include <string>

#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// What choose_device() asks of the machine.
struct Gpus {
  std::function<std::string()> driver_fault;  ///< why libcuda.so.1 does not answer; or empty
  std::function<std::string()> engine_fault;  ///< why libweft_engine_cuda.so does not open; or ""
  std::function<int()> count;                 ///< asked when neither has a fault
};

struct ChosenDevice {
  std::string name;    ///< "cpu", "cuda:0"
  std::string remark;  ///< why `auto` passes a GPU over; or empty
};

/// @param choice      "cpu", "cuda", "cuda:N" or "auto", which takes a GPU where all is there for
/// it
/// @param local_rank  among the ranks of this machine: each takes the GPU of its number
/// @throws Error (usage) where the choice is unknown or cannot be met, saying what to do
WEFT_ENGINE_API ChosenDevice choose_device(const std::string& choice, int local_rank,
                                           const Gpus& gpus);

/// Chooses for this machine, and places all tensors made from now on there. Opens CUDA's libraries
/// for a GPU only. Call it before any tensor is made.
/// @return ChosenDevice::remark
/// @throws Error as choose_device() does
WEFT_ENGINE_API std::string set_device(const std::string& choice, int local_rank = 0);

/// Opens libweft_engine_cuda.so beside this library, and with it CUDA's half of LibTorch; once in a
/// process. It needs no GPU. set_device() does it where one is asked for.
/// @return why it cannot be used; or empty
WEFT_ENGINE_API std::string open_cuda_engine();

/// Places what is made from now on on a device that LibTorch knows: "cpu", "cuda:0".
WEFT_ENGINE_API void place_on(const std::string& name);

/// "cpu" or "cuda:0, NVIDIA H100 80GB HBM3", for records.
WEFT_ENGINE_API std::string device_text();

/// While it lives, tensors that this thread makes are on the CPU.
class WEFT_ENGINE_API CpuScope {
 public:
  CpuScope();
  ~CpuScope();
  CpuScope(const CpuScope&) = delete;
  CpuScope& operator=(const CpuScope&) = delete;

 private:
  const bool outer_;
};

/// The table of WEFT_DRAFT_DEVICE.
WEFT_ENGINE_API const weft_device_api* device_api();

/// How many handles a weft_call has that does not say so itself.
struct CallSizes {
  std::size_t parameters, buffers, states, outputs;
};

/// Runs a call of a part. Where that reads the memory of a tensor that is not the CPU's, which
/// weft_tensor_api.data refuses, it is run again with everything on the CPU and its own random
/// numbers there; outputs, states and buffers come back to the device. Recorded for backward.
/// @param run  throws what the call's failure is
/// @param seed  of call.generator
WEFT_ENGINE_API void call_on_any_device(const weft_call& call, const CallSizes& sizes,
                                        std::uint64_t seed,
                                        const std::function<void(const weft_call&)>& run);

}  // namespace weft::host
