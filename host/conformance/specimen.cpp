// SPDX-License-Identifier: Apache-2.0
#include "host/conformance/specimen.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <set>
#include <utility>

#include "host/base/error.hpp"
#include "host/conformance/witness.hpp"
#include "host/engine/caches.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tables.hpp"
#include "host/graph/metric_states.hpp"

namespace weft::host {
namespace {

constexpr std::size_t guards = 4;  // slots before and after an array that a plug-in writes

/// A handle that no plug-in was ever given.
weft_tensor guard() {
  static char nobody;
  return reinterpret_cast<weft_tensor>(&nobody);
}

/// Handles with guards on both sides.
class GuardedHandles {
 public:
  explicit GuardedHandles(std::size_t count) : slots_(count + 2 * guards, guard()) {
    std::fill_n(data(), count, nullptr);
  }
  weft_tensor* data() { return slots_.data() + guards; }
  std::size_t size() const { return slots_.size() - 2 * guards; }
  bool whole() const {
    const auto is_guard = [](weft_tensor handle) { return handle == guard(); };
    return std::all_of(slots_.begin(), slots_.begin() + guards, is_guard) &&
           std::all_of(slots_.end() - guards, slots_.end(), is_guard);
  }

 private:
  std::vector<weft_tensor> slots_;
};

std::vector<weft_tensor> handles(const std::vector<Tensor>& tensors) {
  std::vector<weft_tensor> all;
  for (const Tensor& tensor : tensors) all.push_back(tensor.get());
  return all;
}

}  // namespace

Specimen::Specimen(const Part& part, const std::string& config,
                   const std::map<std::string, std::uint32_t>& wired, DType dtype)
    : instance(part, "part", config, wired) {
  const auto make = [&](const auto& declared, bool trainable, std::vector<Tensor>& tensors) {
    for (const ParameterDecl& one : declared)
      tensors.push_back(make_parameter(abi_parameter(one), one.name, 1, dtype, trainable));
  };
  make(instance.parameters(), true, parameters);
  make(instance.buffers(), false, buffers);
  states = initial_states(instance);
}

std::vector<Tensor> Specimen::call(std::uint32_t role, const InputTensors& inputs,
                                   const CallOptions& options) {
  std::vector<weft_tensor> in;
  std::vector<std::uint32_t> counts;
  for (const auto& port : inputs) {
    counts.push_back(static_cast<std::uint32_t>(port.size()));
    for (const Tensor& tensor : port) in.push_back(tensor.get());
  }
  const std::vector<weft_tensor> own = handles(parameters), saved = handles(buffers);
  GuardedHandles out(role == WEFT_ROLE_STEP ? buffers.size() : instance.outputs().size());
  GuardedHandles changed(states.size());
  for (std::size_t i = 0; i < states.size(); ++i) changed.data()[i] = states[i].get();
  const Generator generator(options.seed);

  std::vector<std::max_align_t> memory(
      (sizeof(weft_call) + further_bytes) / sizeof(std::max_align_t) + 1);
  std::memset(memory.data(), 0xa5, memory.size() * sizeof(std::max_align_t));
  weft_call& call = *new (memory.data()) weft_call{};
  call.size = static_cast<std::uint32_t>(sizeof call + further_bytes);
  call.role = role;
  call.flags = (options.training ? WEFT_CALL_TRAINING : 0) | unknown_flags;
  call.n_in = static_cast<std::uint32_t>(in.size());
  call.in = in.data();
  call.in_count = counts.data();
  call.parameters = own.data();
  call.buffers = saved.data();
  call.states = changed.data();
  call.out = out.data();
  call.generator = generator.get();
  const std::vector<std::uint8_t> wanted(instance.outputs().size() + 1,
                                         wants && options.caches == nullptr ? 1 : 0);
  call.wanted = wanted.data();

  std::vector<weft_tensor> lent = in;
  lent.insert(lent.end(), own.begin(), own.end());
  lent.insert(lent.end(), saved.begin(), saved.end());
  lent.insert(lent.end(), changed.data(), changed.data() + states.size());
  note_lent(lent);
  std::set<weft_tensor> not_new(lent.begin(), lent.end());  // may not be written to out
  not_new.erase(nullptr);
  bool borrowed = false;
  const LibraryScope library(instance.library());
  const CachesScope going_on(options.caches);
  std::vector<Tensor> outputs;
  const auto take_over = [&] {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const bool is_new = out.data()[i] == nullptr || not_new.insert(out.data()[i]).second;
      borrowed = borrowed || !is_new;
      if (is_new) note_taken(out.data()[i]);
      outputs.push_back(is_new ? Tensor::own(out.data()[i]) : Tensor());
    }
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (changed.data()[i] == states[i].get()) continue;
      note_taken(changed.data()[i]);
      states[i] = Tensor::own(changed.data()[i]);
    }
    note_lent({});
    if (!out.whole()) overrun = "out";
    if (!changed.whole()) overrun = "states";
  };
  left_behind.clear();
  try {
    instance.call(call);
  } catch (...) {
    take_over();
    left_behind = std::move(outputs);
    throw;
  }
  take_over();
  if (borrowed)
    throw Error(Exit::plugin,
                "it wrote a handle to its outputs that it was only lent, or the same one twice. "
                "An output is a new reference: retain the tensor first.");
  return outputs;
}

std::vector<Tensor> Specimen::made_buffers() {
  const std::vector<Tensor> kept = states;
  std::vector<Tensor> made = call(WEFT_ROLE_STEP, InputTensors(instance.inputs().size()));
  states = kept;
  return made;
}

void Specimen::step() {
  const std::vector<Tensor> made = made_buffers();
  for (std::size_t i = 0; i < made.size(); ++i)
    if (made[i]) copy_into(buffers[i], to_array(made[i]));
  states = initial_states(instance);
}

InputTensors to_tensors(const std::vector<std::vector<Array>>& inputs) {
  InputTensors tensors;
  for (const auto& port : inputs) {
    tensors.emplace_back();
    for (const Array& array : port)
      tensors.back().push_back(array.bytes ? from_array(array) : Tensor());
  }
  return tensors;
}

}  // namespace weft::host
