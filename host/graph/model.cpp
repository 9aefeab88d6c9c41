// SPDX-License-Identifier: Apache-2.0
#include "host/graph/model.hpp"

#include <algorithm>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tables.hpp"
#include "host/graph/index_fault.hpp"

namespace weft::host {
namespace {

/// [B] bool: true where of each list of fields at least one is.
Tensor rows_present(const std::vector<std::vector<std::string>>& all_of, const TensorMap& batch) {
  Array rows = Array::empty(DType::boolean, batch.at(all_of.front().front()).sizes());
  std::fill_n(rows.data<bool>(), rows.count(), true);
  for (const std::vector<std::string>& any_of : all_of) {
    std::vector<bool> any(static_cast<std::size_t>(rows.count()), false);
    for (const std::string& field : any_of) {
      const Array flags = to_array(batch.at(field));
      for (std::size_t row = 0; row < any.size(); ++row)
        any[row] = any[row] || flags.data<bool>()[row];
    }
    for (std::size_t row = 0; row < any.size(); ++row) rows.data<bool>()[row] &= any[row];
  }
  return from_array(rows);
}

}  // namespace

Model::Model(Wiring wiring, std::uint64_t seed, DType dtype) : wiring_(std::move(wiring)) {
  for (const Node& node : wiring_.nodes()) {
    Slots slots;
    const auto make = [&](const std::vector<ParameterDecl>& declared, bool trainable,
                          std::vector<NamedTensor>& all, std::vector<weft_tensor>& handles) {
      for (const ParameterDecl& one : declared) {
        const std::string path = node.name + "." + one.name;
        all.push_back({path, make_parameter(abi_parameter(one), path, seed, dtype, trainable),
                       (one.flags & WEFT_PARAMETER_NO_DECAY) == 0});
        handles.push_back(all.back().tensor.get());
      }
    };
    make(node.instance.parameters(), true, parameters_, slots.parameters);
    make(node.instance.buffers(), false, buffers_, slots.buffers);
    for (const Port& port : node.instance.inputs()) slots.inputs.emplace_back(port.shape);
    for (const Port& port : node.instance.outputs()) slots.outputs.emplace_back(port.shape);
    slots_.push_back(std::move(slots));
  }
}

void Model::keep_buffers(const std::function<bool(const Node&, const std::string& buffer)>& moves) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Node& node = wiring_.nodes()[i];
    slots_[i].kept.clear();
    for (std::size_t b = 0; b < node.instance.buffers().size(); ++b)
      if (!moves(node, node.instance.buffers()[b].name)) slots_[i].kept.push_back(b);
  }
}

Values Model::forward(const std::vector<std::size_t>& order, const TensorMap& batch,
                      const CallOptions& options) const {
  Values values;
  values.data = options.data;
  for (const std::size_t node : order) {
    if (wiring_.nodes()[node].instance.part().kind == WEFT_KIND_METRIC) continue;
    values.outputs[node] = call(node, WEFT_ROLE_FORWARD, gather(node, values, batch), options);
  }
  return values;
}

InputTensors Model::gather(std::size_t node, const Values& values, const TensorMap& batch,
                           bool only_batch) const {
  InputTensors inputs;
  for (const auto& sources : wiring_.inputs(node, values.data)) {
    std::vector<Tensor>& port = inputs.emplace_back();
    for (const InputSource& source : sources) {
      if (source.from == InputSource::From::batch)
        port.push_back(batch.at(source.field));
      else if (source.from == InputSource::From::present)
        port.push_back(rows_present(source.present, batch));
      else if (source.from == InputSource::From::nothing || only_batch)
        port.emplace_back();
      else if (source.from == InputSource::From::generated && source.field.empty())
        port.push_back(values.generated.at(source.node));
      else if (source.from == InputSource::From::generated)
        port.push_back(source.field == "text" ? values.generated_texts.at(source.node).first
                                              : values.generated_texts.at(source.node).second);
      else
        port.push_back(values.outputs.at(source.node).at(source.port));
    }
  }
  return inputs;
}

std::vector<Tensor> Model::call(std::size_t index, std::uint32_t role, const InputTensors& inputs,
                                const CallOptions& options, std::vector<Tensor>* states) const {
  const Node& node = wiring_.nodes()[index];
  const Slots& slots = slots_[index];
  std::vector<weft_tensor> in;
  std::vector<std::uint32_t> counts;
  for (const std::vector<Tensor>& port : inputs) {
    counts.push_back(static_cast<std::uint32_t>(port.size()));
    for (const Tensor& tensor : port) in.push_back(tensor.get());
  }
  std::vector<weft_tensor> state_handles;
  if (states != nullptr)
    for (const Tensor& state : *states) state_handles.push_back(state.get());
  std::vector<weft_tensor> out(node.instance.outputs().size(), nullptr);
  Generator generator(stable_hash(node.name, options.seed));

  // Autograd keeps buffers for the way back, so that what must stay is lent as a copy and not put
  // right afterwards.
  const bool all_kept = !slots.kept.empty() && slots.kept.size() == slots.buffers.size();
  const bool training = options.training && !all_kept;
  std::vector<weft_tensor> buffers = slots.buffers;
  std::vector<Tensor> copies;
  for (const std::size_t kept : training ? slots.kept : std::vector<std::size_t>{}) {
    copies.push_back(from_array(to_array(Tensor::share(buffers[kept]))));
    buffers[kept] = copies.back().get();
  }

  weft_call call{};
  call.size = sizeof call;
  call.role = role;
  call.flags = training ? WEFT_CALL_TRAINING : 0;
  call.n_in = static_cast<std::uint32_t>(in.size());
  call.in = in.data();
  call.in_count = counts.data();
  call.parameters = slots.parameters.data();
  call.buffers = buffers.data();
  call.states = state_handles.data();
  call.out = out.data();
  call.generator = generator.get();

  const LibraryScope library(node.instance.library());
  std::vector<Tensor> outputs;
  std::vector<Tensor> changed;
  const auto take_over = [&] {
    for (weft_tensor& handle : out) outputs.push_back(Tensor::own(std::exchange(handle, nullptr)));
    for (std::size_t i = 0; states != nullptr && i < states->size(); ++i)
      if (state_handles[i] != states->at(i).get()) states->at(i) = Tensor::own(state_handles[i]);
  };
  try {
    node.instance.call(call);
  } catch (const Error& error) {
    take_over();  // what a failing plug-in did write is released
    if (const auto fault = index_fault(node, inputs, error.what())) throw Error(*fault);
    throw;
  } catch (...) {
    take_over();
    throw;
  }
  take_over();
  check_outputs(node, slots, inputs, outputs, role);
  return outputs;
}

void Model::check_outputs(const Node& node, const Slots& slots, const InputTensors& inputs,
                          const std::vector<Tensor>& outputs, std::uint32_t role) const {
  if (role == WEFT_ROLE_UPDATE || role == WEFT_ROLE_COUNT) return;
  Symbols symbols{node.instance.sizes(), std::nullopt};
  for (std::size_t p = 0; p < inputs.size(); ++p)
    for (const Tensor& tensor : inputs[p])
      if (tensor) slots.inputs[p].unify(tensor.sizes(), symbols);
  for (std::size_t p = 0; p < outputs.size(); ++p) {
    const Port& port = node.instance.outputs()[p];
    if (!slots.outputs[p].unify(outputs[p].sizes(), symbols))
      throw Error(Exit::plugin,
                  concat(node.name, " (", node.instance.part().id, ") wrote ",
                         shape_text(outputs[p].sizes()), " to its output \"", port.name,
                         "\", which it declared as ", slots.outputs[p].text(symbols.sizes),
                         ". This is a fault of the plug-in."));
  }
}

std::map<std::string, Array> Model::state() const {
  std::map<std::string, Array> state;
  for (const auto* list : {&parameters_, &buffers_})
    for (const NamedTensor& named : *list) state[named.path] = to_array(named.tensor);
  return state;
}

void Model::load(const std::map<std::string, Array>& state) {
  for (const auto* list : {&parameters_, &buffers_})
    for (const NamedTensor& named : *list) copy_into(named.tensor, state.at(named.path));
}

}  // namespace weft::host
