// SPDX-License-Identifier: Apache-2.0
#include "host/graph/step_states.hpp"

#include <algorithm>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tables.hpp"

namespace weft::host {
namespace {

/// New values by buffer; absent where it stays.
std::vector<Tensor> new_buffers(const Node& node, const Lease& lease, const States& states) {
  std::vector<weft_tensor> handles, out(lease.buffers.size(), nullptr);
  for (const Tensor& state : states) handles.push_back(state.get());
  const std::vector<std::uint32_t> no_inputs(node.instance.inputs().size() + 1, 0);
  const weft_tensor no_input = nullptr;
  const Generator generator(stable_hash(node.stream, 0));
  weft_call call{};
  call.size = sizeof call;
  call.role = WEFT_ROLE_STEP;
  call.flags = WEFT_CALL_TRAINING;
  call.in = &no_input;
  call.in_count = no_inputs.data();
  call.parameters = lease.parameters.data();
  call.buffers = lease.buffers.data();
  call.states = handles.data();
  call.out = out.data();
  call.generator = generator.get();
  const LibraryScope library(node.instance.library());
  std::vector<Tensor> made;
  const auto take_over = [&] {
    for (weft_tensor& handle : out) made.push_back(Tensor::own(std::exchange(handle, nullptr)));
    for (std::size_t i = 0; i < handles.size(); ++i)  // a state written now is of no use
      if (handles[i] != states[i].get()) Tensor::own(handles[i]);
  };
  try {
    node.instance.call(call);
  } catch (...) {
    take_over();
    throw;
  }
  take_over();
  return made;
}

}  // namespace

void StepStates::add(std::size_t node, const Instance& instance, States written) {
  for (Tensor& state : written) state = detach(state);
  const auto [place, is_new] = states_.try_emplace(node, std::move(written));
  if (is_new) return;
  for (std::size_t i = 0; i < place->second.size(); ++i)
    place->second[i] = merge(place->second[i], written[i], instance.states()[i].merge);
}

void StepStates::step(const Model& model) {
  const GradMode off(false);
  for (const auto& [index, states] : std::exchange(states_, {})) {
    const Node& node = model.wiring().nodes()[index];
    const Lease& lease = model.weights().lease(index);
    const std::vector<Tensor> made = new_buffers(node, lease, states);
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (!made[i] || !model.moves(index, i)) continue;
      try {
        copy_into(Tensor::share(lease.buffers[i]), to_array(made[i]));
      } catch (const Error& error) {
        throw Error(Exit::plugin,
                    concat(node.name, " (", node.instance.part().id,
                           ") makes of its states a new \"", node.instance.buffers()[i].name,
                           "\": ", error.what(), ". This is a fault of the plug-in."));
      }
    }
  }
}

}  // namespace weft::host
