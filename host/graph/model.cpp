// SPDX-License-Identifier: Apache-2.0
#include "host/graph/model.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/text.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tables.hpp"
#include "host/graph/index_fault.hpp"

namespace weft::host {
std::vector<std::int64_t> shuffled_rows(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  RandomSequence random{stable_hash("shuffled", seed)};
  for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[random.below(i - 1)]);
  return rows;
}

Model::Model(Wiring wiring, std::uint64_t seed, DType dtype)
    : wiring_(std::move(wiring)), seed_(seed), weights_(wiring_, seed, dtype) {
  for (const Node& node : wiring_.nodes()) {
    Ports& ports = ports_.emplace_back();
    for (const Port& port : node.instance.inputs()) ports.inputs.emplace_back(port.shape);
    for (const Port& port : node.instance.outputs()) ports.outputs.emplace_back(port.shape);
  }
  keep_buffers([](const Node&, const std::string&) { return true; });
}

void Model::keep_buffers(const std::function<bool(const Node&, const std::string& buffer)>& moves) {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const Node& node = wiring_.nodes()[i];
    const std::vector<ParameterDecl>& buffers = node.instance.buffers();
    std::size_t still = 0;
    ports_[i].kept.clear();
    for (std::size_t b = 0; b < buffers.size(); ++b) {
      const bool stays = !moves(node, buffers[b].name);
      still += stays ? 1 : 0;
      if (stays || node.is_viewed()) ports_[i].kept.push_back(b);
    }
    ports_[i].evaluates = node.weights > 0 || (still > 0 && still == buffers.size());
  }
}

/// A field of the batch, or one that a view makes of it.
Tensor Model::field(const std::string& name, std::uint64_t seed, const TensorMap& batch) const {
  if (const auto found = batch.find(name); found != batch.end()) return found->second;
  if (name.starts_with(k_shuffled_field)) {
    const Tensor rows = field(name.substr(k_shuffled_field.size()), seed, batch);
    return taken_rows(rows, shuffled_rows(rows.sizes().front(), stable_hash("", seed_ ^ seed)));
  }
  if (!name.starts_with(k_absent_field)) return batch.at(name);
  const std::string absent = name.substr(k_absent_field.size());
  const bool is_flag = !batch.contains(absent) && absent.find(':') == std::string::npos;
  const std::int64_t rows = batch.begin()->second.sizes().front();
  Array zeros =
      is_flag ? Array::empty(DType::boolean, {rows}) : to_array(field(absent, seed, batch));
  std::fill_n(zeros.bytes.get(), zeros.byte_count(), std::byte{0});
  return from_array(zeros);
}

/// [B] bool: true where of each list of fields at least one is.
Tensor Model::rows_present(const std::vector<std::vector<std::string>>& all_of, std::uint64_t seed,
                           const TensorMap& batch) const {
  Array rows = Array::empty(DType::boolean, field(all_of.front().front(), seed, batch).sizes());
  std::fill_n(rows.data<bool>(), rows.count(), true);
  for (const std::vector<std::string>& any_of : all_of) {
    std::vector<bool> any(static_cast<std::size_t>(rows.count()), false);
    for (const std::string& name : any_of) {
      const Array flags = to_array(field(name, seed, batch));
      for (std::size_t row = 0; row < any.size(); ++row)
        any[row] = any[row] || flags.data<bool>()[row];
    }
    for (std::size_t row = 0; row < any.size(); ++row) rows.data<bool>()[row] &= any[row];
  }
  return from_array(rows);
}

Values Model::forward(const std::vector<std::size_t>& order, const TensorMap& batch,
                      const CallOptions& options) const {
  Values values;
  values.data = options.data;
  values.seed = options.seed;
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
        port.push_back(field(source.field, values.seed, batch));
      else if (source.from == InputSource::From::present)
        port.push_back(rows_present(source.present, values.seed, batch));
      else if (source.from == InputSource::From::nothing || only_batch)
        port.emplace_back();
      else if (source.from == InputSource::From::generated && source.field.empty())
        port.push_back(values.generated.at(source.node));
      else if (source.from == InputSource::From::generated)
        port.push_back(source.field == "text" ? values.generated_texts.at(source.node).first
                                              : values.generated_texts.at(source.node).second);
      else
        port.push_back(values.outputs.at(source.node).at(source.port));
      for (std::uint32_t i = 0; port.back() && i < source.shuffles; ++i)
        port.back() = taken_rows(port.back(), shuffled_rows(port.back().sizes().front(),
                                                            stable_hash("", seed_ ^ values.seed)));
    }
  }
  return inputs;
}

std::vector<Tensor> Model::call(std::size_t index, std::uint32_t role, const InputTensors& inputs,
                                const CallOptions& options, std::vector<Tensor>* states) const {
  const Node& node = wiring_.nodes()[index];
  const Ports& ports = ports_[index];
  const Lease& lease = weights_.lease(index);
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
  Generator generator(stable_hash(node.stream, options.seed));

  // Autograd keeps buffers for the way back, so that what must stay is lent as a copy and not put
  // right afterwards.
  const bool training = options.training && !ports.evaluates;
  std::vector<weft_tensor> buffers = lease.buffers;
  std::vector<Tensor> copies;
  for (const std::size_t kept : training ? ports.kept : std::vector<std::size_t>{}) {
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
  call.parameters = lease.parameters.data();
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
  check_outputs(node, ports, inputs, outputs, role);
  return outputs;
}

void Model::check_outputs(const Node& node, const Ports& ports, const InputTensors& inputs,
                          const std::vector<Tensor>& outputs, std::uint32_t role) const {
  if (role == WEFT_ROLE_UPDATE || role == WEFT_ROLE_COUNT) return;
  Symbols symbols{node.instance.sizes(), std::nullopt};
  for (std::size_t p = 0; p < inputs.size(); ++p)
    for (const Tensor& tensor : inputs[p])
      if (tensor) ports.inputs[p].unify(tensor.sizes(), symbols);
  for (std::size_t p = 0; p < outputs.size(); ++p) {
    const Port& port = node.instance.outputs()[p];
    if (!ports.outputs[p].unify(outputs[p].sizes(), symbols))
      throw Error(Exit::plugin,
                  concat(node.name, " (", node.instance.part().id, ") wrote ",
                         shape_text(outputs[p].sizes()), " to its output \"", port.name,
                         "\", which it declared as ", ports.outputs[p].text(symbols.sizes),
                         ". This is a fault of the plug-in."));
  }
}

std::map<std::string, Array> Model::state() const {
  std::map<std::string, Array> state;
  for (const auto* list : {&parameters(), &buffers()})
    for (const NamedTensor& named : *list) state[named.path] = to_array(named.tensor);
  return state;
}

void Model::load(const std::map<std::string, Array>& state) {
  for (const auto* list : {&parameters(), &buffers()})
    for (const NamedTensor& named : *list) copy_into(named.tensor, state.at(named.path));
}

}  // namespace weft::host
