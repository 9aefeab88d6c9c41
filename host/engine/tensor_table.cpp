// SPDX-License-Identifier: Apache-2.0
#include <ATen/ops/empty.h>

#include <weft/drafts.h>

#include <algorithm>
#include <cstring>

#include "host/base/text.hpp"
#include "host/engine/device/placement.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"
#include "host/engine/tables.hpp"

namespace weft::host {
namespace {

void require(bool condition, const char* sentence) {
  if (!condition) throw Failure(WEFT_INVALID, sentence);
}

/// A part that reads memory is given tensors that it can read: Model calls it again.
void require_cpu(const at::Tensor& tensor) {
  if (tensor.device().is_cpu()) return;
  note_refused_memory();
  throw Failure(WEFT_UNSUPPORTED,
                concat("tensor.data: ", describe(tensor), " lies on ", tensor.device().str(),
                       ", whose memory the processor does not read. Ask ", WEFT_DRAFT_DEVICE,
                       " for it, or compute with operations"));
}

weft_status retain(weft_tensor tensor, weft_tensor* out) {
  return guarded([] { return "tensor.retain"; },
                 [&] {
                   require(tensor != nullptr, "tensor.retain: the tensor is null");
                   require(out != nullptr, "tensor.retain: out is null");
                   *out = new_handle(tensor_of(tensor));
                 });
}

void release(weft_tensor tensor) {
  delete reinterpret_cast<at::Tensor*>(tensor);
}

weft_status meta(weft_tensor handle, weft_tensor_meta* out) {
  return guarded([] { return "tensor.meta"; },
                 [&] {
                   require(handle != nullptr, "tensor.meta: the tensor is null");
                   require(out != nullptr && out->size >= sizeof out->size,
                           "tensor.meta: out is null or its size is not set");
                   const at::Tensor& tensor = tensor_of(handle);
                   weft_tensor_meta full{};
                   full.size = out->size;
                   full.dtype = dtype_code(tensor.scalar_type());
                   full.ndim = static_cast<std::uint32_t>(tensor.dim());
                   full.device_type = static_cast<std::int32_t>(tensor.device().type());
                   full.device_index = tensor.device().index();
                   full.requires_grad = tensor.requires_grad() ? 1 : 0;
                   full.count = tensor.numel();
                   full.sizes = tensor.sizes().data();
                   full.strides = tensor.strides().data();
                   std::memcpy(out, &full, std::min<std::size_t>(out->size, sizeof full));
                 });
}

weft_status data(weft_tensor tensor, void** out) {
  return guarded([] { return "tensor.data"; },
                 [&] {
                   require(tensor != nullptr, "tensor.data: the tensor is null");
                   require(out != nullptr, "tensor.data: out is null");
                   require_cpu(tensor_of(tensor));
                   *out = tensor_of(tensor).mutable_data_ptr();
                 });
}

weft_status empty(const std::int64_t* sizes, std::uint32_t ndim, std::uint32_t dtype,
                  weft_tensor like, weft_tensor* out) {
  return guarded(
      [] { return "tensor.empty"; },
      [&] {
        require(sizes != nullptr || ndim == 0, "tensor.empty: sizes is null");
        require(out != nullptr, "tensor.empty: out is null");
        const at::Device device = like != nullptr ? tensor_of(like).device() : at::Device(at::kCPU);
        *out = new_handle(at::empty(at::IntArrayRef(sizes, ndim),
                                    at::TensorOptions().dtype(scalar_type(dtype)).device(device)));
      });
}

}  // namespace

const weft_tensor_api* tensor_api() {
  static constexpr weft_tensor_api table = {
      sizeof(weft_tensor_api), 0, retain, release, meta, data, empty};
  return &table;
}

}  // namespace weft::host
