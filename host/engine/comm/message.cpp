// SPDX-License-Identifier: Apache-2.0
#include "host/engine/comm/message.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>

#include <cstring>

#include "host/engine/device/placement.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {
namespace {

constexpr std::int64_t k_absent = -1;

/// How many tensors; of each its element type or k_absent, whether it is recorded, its axes and
/// their sizes.
std::vector<std::int64_t> head_of(const std::vector<Tensor>& tensors) {
  std::vector<std::int64_t> head{std::ssize(tensors)};
  for (const Tensor& one : tensors) {
    if (!one) {
      head.push_back(k_absent);
      continue;
    }
    const at::Tensor& tensor = tensor_of(one);
    head.insert(head.end(), {static_cast<std::int64_t>(tensor.scalar_type()),
                             tensor.requires_grad() ? 1 : 0, tensor.dim()});
    head.insert(head.end(), tensor.sizes().begin(), tensor.sizes().end());
  }
  return head;
}

}  // namespace

at::Tensor packed(const std::vector<Tensor>& tensors) {
  const c10::NoGradGuard no_grad;
  const std::vector<std::int64_t> head = head_of(tensors);
  std::vector<at::Tensor> whole;
  std::size_t size = head.size() * sizeof(std::int64_t);
  for (const Tensor& one : tensors)
    if (one) size += whole.emplace_back(tensor_of(one).cpu().contiguous()).nbytes();
  at::Tensor message = at::empty({static_cast<std::int64_t>(size)}, at::kByte);
  auto* next = message.mutable_data_ptr<std::uint8_t>();
  const auto add = [&](const void* bytes, std::size_t count) {
    if (count > 0) std::memcpy(next, bytes, count);
    next += count;
  };
  add(head.data(), head.size() * sizeof(std::int64_t));
  for (const at::Tensor& tensor : whole) add(tensor.const_data_ptr(), tensor.nbytes());
  return message;
}

std::vector<Tensor> unpacked(const at::Tensor& message) {
  const c10::NoGradGuard no_grad;
  const auto* bytes = message.const_data_ptr<std::uint8_t>();
  const auto number = [&] {
    std::int64_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    bytes += sizeof value;
    return value;
  };
  std::vector<at::Tensor> tensors(static_cast<std::size_t>(number()));
  std::vector<bool> is_recorded(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::int64_t type = number();
    if (type == k_absent) continue;
    is_recorded[i] = number() != 0;
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(number()));
    for (std::int64_t& size : sizes) size = number();
    tensors[i] = at::empty(sizes, static_cast<at::ScalarType>(type));
  }
  std::vector<Tensor> received;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined()) {
      received.emplace_back();
      continue;
    }
    if (tensors[i].nbytes() > 0)
      std::memcpy(tensors[i].mutable_data_ptr(), bytes, tensors[i].nbytes());
    bytes += tensors[i].nbytes();
    received.push_back(wrap(tensors[i].to(current_device()).set_requires_grad(is_recorded[i])));
  }
  return received;
}

}  // namespace weft::host
