// SPDX-License-Identifier: Apache-2.0
/// libweft_engine_cuda.so, the part of the engine that needs CUDA's headers to compile and a GPU to
/// be of use. Internal to host/engine.

#pragma once

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace c10d {
class Backend;
class Store;
}  // namespace c10d

namespace weft::host {

struct CudaEngine {
  std::uint32_t size;  ///< sizeof: a library of another build is told by it
  int (*count)();      ///< of GPUs that can be used
  std::string (*name)(int device);
  /// Makes the device the current one of this thread.
  void (*use)(int device);
  /// NCCL among the ranks; all of them call it. Its operations wait `limit` for the others.
  c10::intrusive_ptr<c10d::Backend> (*join)(const c10::intrusive_ptr<c10d::Store>& store, int rank,
                                            int size, int device, std::chrono::milliseconds limit);
};

/// What libweft_engine_cuda.so exports.
constexpr const char* k_cuda_engine = "weft_cuda_engine";
using CudaEngineEntry = const CudaEngine* (*)();

/// REQUIRES: open_cuda_engine() found no fault
const CudaEngine& cuda_engine();

}  // namespace weft::host
