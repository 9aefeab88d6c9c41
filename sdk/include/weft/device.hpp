// SPDX-License-Identifier: Apache-2.0
/// Where tensors lie, for parts with kernels of their own:
///
///   const weft_device device = device_of(x);
///   if (device.type == WEFT_DEVICE_CUDA)
///     launch(memory_of<float>(x), memory_of<float>(y), static_cast<cudaStream_t>(device.stream));
///   else
///     loop(x.data<float>(), y.data<float>());
///
/// A part that only reads memory need not ask: where its tensors lie elsewhere, Tensor::data()
/// fails, and the host calls it again with all of them in the memory of the CPU.

#pragma once

#include <weft/drafts.h>
#include <weft/tensor.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  namespace detail {

  /// Null in a host that does not compute, or that knows no other device than the CPU.
  inline const weft_device_api* device_api() {
    return static_cast<const weft_device_api*>(host->core->get_extension(WEFT_DRAFT_DEVICE));
  }

  }  // namespace detail

  /// The tensor's device, and the stream that kernels on it belong into.
  inline weft_device device_of(const Tensor& tensor) {
    weft_device device{sizeof(weft_device), WEFT_DEVICE_CPU, -1, 0, nullptr};
    if (const weft_device_api* const api = detail::device_api())
      detail::check(api->of(tensor.handle(), &device));
    return device;
  }

  /// The first element, in the memory of the tensor's device. T must match dtype().
  template <class T>
  T* memory_of(const Tensor& tensor) {
    const weft_device_api* const api = detail::device_api();
    if (api == nullptr) return tensor.data<T>();
    void* data = nullptr;
    detail::check(api->data(tensor.handle(), &data));
    return static_cast<T*>(data);
  }

}  // namespace weft
