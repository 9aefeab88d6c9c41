// SPDX-License-Identifier: Apache-2.0
#include "host/engine/comm/sharded_weights.hpp"

#include <ATen/core/Tensor.h>
#include <c10/core/CPUAllocator.h>

#include <numeric>

#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {
namespace {

/// The storage that a tensor fills alone; null where it shares one.
c10::StorageImpl* own_storage(const at::Tensor& tensor) {
  c10::StorageImpl* const storage = tensor.storage().unsafeGetStorageImpl();
  const bool fills = tensor.storage_offset() == 0 && tensor.is_contiguous() &&
                     storage->nbytes() == tensor.nbytes();
  return fills ? storage : nullptr;
}

/// Other tensors that autograd saved have the same storage, so that they see what is in it anew.
void allocate(c10::StorageImpl& storage, std::size_t bytes) {
  storage.set_data_ptr_noswap(c10::GetAllocator(storage.device_type())->allocate(bytes));
  storage.set_nbytes(bytes);
}

}  // namespace

struct ShardedWeights::State {
  struct Weight {
    Tensor tensor;
    int owner = 0;
    c10::StorageImpl* storage = nullptr;  // null: it stays
    std::size_t bytes = 0;
    int users = 0;
  };

  explicit State(Collective& given) : ranks(given) {}

  void fetch(const std::vector<std::size_t>& indices) {
    std::vector<Tensor> missing;
    std::vector<int> owners;
    for (const std::size_t index : indices) {
      Weight& weight = weights[index];
      if (weight.users++ > 0 || weight.storage == nullptr) continue;
      if (weight.owner != ranks.rank()) allocate(*weight.storage, weight.bytes);
      missing.push_back(weight.tensor);
      owners.push_back(weight.owner);
    }
    if (!missing.empty()) ranks.spread(missing, owners);
  }

  void release(const std::vector<std::size_t>& indices) {
    for (const std::size_t index : indices) {
      Weight& weight = weights[index];
      if (--weight.users > 0 || weight.storage == nullptr || weight.owner == ranks.rank()) continue;
      allocate(*weight.storage, 0);
    }
  }

  /// A gradient has reached the outputs of a call: those behind it have theirs.
  void reach(std::size_t call) {
    while (entered > call) {
      --entered;
      const bool is_same = entered + 1 < calls.size() && calls[entered + 1] == calls[entered];
      if (is_same) continue;
      if (entered + 1 < calls.size()) release(units[calls[entered + 1]]);
      fetch(units[calls[entered]]);
    }
  }

  Collective& ranks;
  std::vector<Weight> weights;
  std::vector<std::vector<std::size_t>> units;
  std::vector<std::size_t> all;    // indices
  std::vector<std::size_t> calls;  // units, in the order of their calls
  std::size_t entered = 0;         // the first call that the way back is in or behind
};

ShardedWeights::ShardedWeights(Collective& ranks, const std::vector<Owned>& weights,
                               std::vector<std::vector<std::size_t>> units)
    : state_(std::make_shared<State>(ranks)) {
  for (const Owned& one : weights) {
    const at::Tensor& tensor = tensor_of(one.tensor);
    state_->weights.push_back({one.tensor, one.owner, own_storage(tensor), tensor.nbytes(), 1});
  }
  state_->units = std::move(units);
  state_->all.resize(state_->weights.size());
  std::iota(state_->all.begin(), state_->all.end(), 0);
  let_go();
}

ShardedWeights::~ShardedWeights() = default;

void ShardedWeights::begin(std::size_t unit) {
  checked("fetching weights", [&] { state_->fetch(state_->units[unit]); });
}

void ShardedWeights::end(std::size_t unit) {
  checked("letting weights go", [&] { state_->release(state_->units[unit]); });
}

void ShardedWeights::watch(std::size_t unit, const std::vector<Tensor>& outputs) {
  checked("watching gradients", [&] {
    const std::size_t call = state_->calls.size();
    state_->calls.push_back(unit);
    state_->entered = state_->calls.size();
    for (const Tensor& output : outputs)
      if (output && tensor_of(output).grad_fn())  // a leaf would keep the hook
        tensor_of(output).register_hook(
            [state = state_, call](const at::Tensor&) { state->reach(call); });
  });
}

void ShardedWeights::end_backward() {
  checked("fetching weights", [&] {
    if (state_->calls.empty()) return;
    state_->reach(0);
    state_->release(state_->units[state_->calls[0]]);
    state_->calls.clear();
    state_->entered = 0;
  });
}

void ShardedWeights::hold() {
  checked("fetching weights", [&] { state_->fetch(state_->all); });
}

void ShardedWeights::let_go() {
  checked("letting weights go", [&] { state_->release(state_->all); });
}

std::size_t ShardedWeights::bytes() const {
  std::size_t bytes = 0;
  for (const State::Weight& weight : state_->weights)
    bytes += tensor_of(weight.tensor).storage().nbytes();
  return bytes;
}

}  // namespace weft::host
