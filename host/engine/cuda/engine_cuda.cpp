// SPDX-License-Identifier: Apache-2.0
/// libweft_engine_cuda.so: what needs the headers of CUDA and NCCL. Whoever opens it has CUDA's
/// half of LibTorch too.

#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "host/engine/device/cuda_engine.hpp"

namespace weft::host {
namespace {

std::string name(int device) {
  cudaDeviceProp properties{};
  return cudaGetDeviceProperties(&properties, device) == cudaSuccess ? properties.name : "unknown";
}

void use(int device) {
  c10::cuda::set_device(static_cast<c10::DeviceIndex>(device));
}

c10::intrusive_ptr<c10d::Backend> join(const c10::intrusive_ptr<c10d::Store>& store, int rank,
                                       int size, int device, std::chrono::milliseconds limit) {
  const auto options = c10d::ProcessGroupNCCL::Options::create(/*is_high_priority_stream=*/false);
  options->timeout = limit;
  const auto group = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
  group->setBoundDeviceId(
      c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device)));
  return group;
}

int count() {
  return c10::cuda::device_count();
}

}  // namespace
}  // namespace weft::host

extern "C" __attribute__((visibility("default"))) const weft::host::CudaEngine* weft_cuda_engine() {
  using namespace weft::host;
  static constexpr CudaEngine engine{sizeof(CudaEngine), count, name, use, join};
  return &engine;
}
