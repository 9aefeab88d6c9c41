// SPDX-License-Identifier: Apache-2.0
#include "host/graph/model.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "host/base/error.hpp"
#include "host/base/random.hpp"
#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/caches.hpp"
#include "host/engine/device/device.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/precision.hpp"
#include "host/engine/presence.hpp"
#include "host/engine/recompute.hpp"
#include "host/engine/recorder.hpp"
#include "host/engine/tables.hpp"
#include "host/graph/index_fault.hpp"
#include "host/graph/step_states.hpp"

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
    ports.readers.resize(ports.outputs.size());
    has_demand_ = has_demand_ || std::ranges::any_of(node.instance.outputs(), &Port::on_demand);
  }
  for (std::size_t i = 0; has_demand_ && i < ports_.size(); ++i)
    for (const std::vector<InputSource>& port : wiring_.nodes()[i].inputs)
      for (const InputSource& source : port)
        if (source.from == InputSource::From::node)
          ports_[source.node].readers[source.port].insert(i);
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

bool Model::moves(std::size_t node, std::size_t buffer) const {
  return std::ranges::find(ports_[node].kept, buffer) == ports_[node].kept.end();
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
  if (batch.contains(absent) || absent.find(':') != std::string::npos)
    return zeros_like(field(absent, seed, batch));
  Array none = Array::empty(DType::boolean, {batch.begin()->second.sizes().front()});  // a flag
  std::fill_n(none.data<bool>(), none.count(), false);
  return from_array(none);
}

/// [B] bool: true where of each list of fields at least one is.
Tensor Model::rows_present(const std::vector<std::vector<std::string>>& all_of, std::uint64_t seed,
                           const TensorMap& batch) const {
  Tensor rows;
  for (const std::vector<std::string>& any_of : all_of) {
    Tensor any;
    for (const std::string& name : any_of) {
      const Tensor flags = field(name, seed, batch);
      any = any ? either(any, flags) : flags;
    }
    rows = rows ? both(rows, any) : any;
  }
  return rows;
}

/// By output: 1 where it is to be written. A mask travels with what it is of.
std::vector<std::uint8_t> Model::wanted(std::size_t node, const CallOptions& options) const {
  const std::vector<Port>& outputs = wiring_.nodes()[node].instance.outputs();
  const auto is_asked = [&](const std::string& name) {
    const auto found = std::ranges::find(outputs, name, &Port::name);
    if (found == outputs.end() || !options.asked) return false;
    const auto port = static_cast<std::size_t>(found - outputs.begin());
    return options.asked->outputs.contains({node, port}) ||
           std::ranges::any_of(ports_[node].readers[port],
                               [&](std::size_t by) { return options.asked->readers.contains(by); });
  };
  std::vector<std::uint8_t> wanted;
  for (const Port& output : outputs)
    wanted.push_back(!output.on_demand || is_asked(output.name) || is_asked(output.mask_of));
  return wanted;
}

Values Model::forward(const std::vector<std::size_t>& order, const TensorMap& batch,
                      const CallOptions& given, Values known) const {
  CallOptions options = given;
  if (has_demand_ && !options.asked)
    options.asked = std::make_shared<const Asked>(Asked{{order.begin(), order.end()}});
  Values values = std::move(known);
  values.data = options.data;
  values.seed = options.seed;
  for (const std::size_t node : order) {
    if (wiring_.nodes()[node].instance.part().kind == WEFT_KIND_METRIC ||
        values.outputs.contains(node))
      continue;
    const bool again = options.again != nullptr && options.again->contains(node);
    const InputTensors inputs = gather(node, values, batch);
    values.outputs[node] =
        again ? call_again(node, inputs, options) : call(node, WEFT_ROLE_FORWARD, inputs, options);
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
      else if (source.from == InputSource::From::nothing ||
               source.from == InputSource::From::gradient || only_batch)
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

std::vector<Tensor> Model::call_again(std::size_t index, const InputTensors& inputs,
                                      const CallOptions& options) const {
  std::vector<Tensor> flat, parameters;
  for (const std::vector<Tensor>& port : inputs) flat.insert(flat.end(), port.begin(), port.end());
  for (weft_tensor handle : weights_.lease(index).parameters)
    parameters.push_back(Tensor::share(handle));
  std::vector<std::size_t> counts;
  for (const std::vector<Tensor>& port : inputs) counts.push_back(port.size());
  std::vector<Tensor> outputs =
      recomputed(flat, parameters,
                 [this, index, counts, options](const std::vector<Tensor>& given, bool again) {
                   InputTensors ports;
                   auto at = given.begin();
                   for (const std::size_t count : counts) {
                     ports.emplace_back(at, at + static_cast<std::ptrdiff_t>(count));
                     at += static_cast<std::ptrdiff_t>(count);
                   }
                   CallOptions own = options;
                   own.recomputes = again;
                   return call(index, WEFT_ROLE_FORWARD, ports, own);
                 });
  if (sharded_) sharded_->watch(index, outputs);
  return outputs;
}

std::vector<Tensor> Model::call(std::size_t index, std::uint32_t role, const InputTensors& inputs,
                                const CallOptions& options, std::vector<Tensor>* states) const {
  if (!sharded_) return call_held(index, role, inputs, options, states);
  struct Held {
    ShardedWeights& weights;
    const std::size_t unit;
    Held(ShardedWeights& all, std::size_t node) : weights(all), unit(node) { weights.begin(unit); }
    ~Held() { weights.end(unit); }
  };
  const Held held(*sharded_, index);
  std::vector<Tensor> outputs = call_held(index, role, inputs, options, states);
  // A call that is made again belongs to a way back that is under way.
  if (is_recording() && !options.recomputes) sharded_->watch(index, outputs);
  return outputs;
}

std::vector<Tensor> Model::call_held(std::size_t index, std::uint32_t role,
                                     const InputTensors& inputs, const CallOptions& options,
                                     std::vector<Tensor>* states) const {
  const Node& node = wiring_.nodes()[index];
  const Ports& ports = ports_[index];
  const Lease& lease = weights_.lease(index);
  if (states == nullptr && role == WEFT_ROLE_FORWARD && !node.instance.states().empty()) {
    States begun = initial_states(node.instance);
    std::vector<Tensor> outputs = call_held(index, role, inputs, options, &begun);
    const bool counts = options.training && !ports.evaluates && !options.recomputes;
    if (counts && options.states != nullptr && !node.is_viewed())
      options.states->add(index, node.instance, std::move(begun));
    return outputs;
  }
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
  std::vector<std::size_t> lent = training ? ports.kept : std::vector<std::size_t>{};
  if (training && options.recomputes) {  // the first call has moved them
    lent.resize(buffers.size());
    std::iota(lent.begin(), lent.end(), 0);
  }
  for (const std::size_t kept : lent) {
    copies.push_back(copied(Tensor::share(buffers[kept])));
    buffers[kept] = copies.back().get();
  }

  weft_call call{};
  call.size = sizeof call;
  call.role = role;
  call.flags = (training ? WEFT_CALL_TRAINING : 0) | (options.recomputes ? WEFT_CALL_RECOMPUTE : 0);
  call.n_in = static_cast<std::uint32_t>(in.size());
  call.in = in.data();
  call.in_count = counts.data();
  call.parameters = lease.parameters.data();
  call.buffers = buffers.data();
  call.states = state_handles.data();
  call.out = out.data();
  call.generator = generator.get();
  const std::vector<std::uint8_t> asked = wanted(index, options);
  call.wanted = asked.data();

  const GradMode same(is_recording());  // which a part may change within its call
  const LibraryScope library(node.instance.library());
  const bool is_graph = node.pointer.starts_with("/graph/");
  const Autocast autocast(is_graph ? options.precision : DType::float32);
  const RecordedScope recorded(node.name);
  const CachesScope going_on(options.caches);
  std::vector<Tensor> outputs;
  std::vector<Tensor> changed;
  const auto take_over = [&] {
    for (weft_tensor& handle : out) outputs.push_back(Tensor::own(std::exchange(handle, nullptr)));
    for (std::size_t i = 0; states != nullptr && i < states->size(); ++i)
      if (state_handles[i] != states->at(i).get()) states->at(i) = Tensor::own(state_handles[i]);
  };
  try {
    const CallSizes sizes{lease.parameters.size(), buffers.size(), state_handles.size(),
                          out.size()};
    call_on_any_device(call, sizes, stable_hash(node.stream, options.seed),
                       [&](weft_call given) { node.instance.call(given); });
  } catch (const Error& error) {
    take_over();  // what a failing plug-in did write is released
    if (const auto fault = index_fault(node, inputs, error.what())) throw Error(*fault);
    throw;
  } catch (...) {
    take_over();
    throw;
  }
  take_over();
  if (is_graph && options.precision != DType::float32) widen(outputs);
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
    if (!outputs[p]) continue;  // on demand, and nothing wants it
    if (!ports.outputs[p].unify(outputs[p].sizes(), symbols))
      throw Error(Exit::plugin,
                  concat(node.name, " (", node.instance.part().id, ") wrote ",
                         shape_text(outputs[p].sizes()), " to its output \"", port.name,
                         "\", which it declared as ", ports.outputs[p].text(symbols.sizes),
                         ". This is a fault of the plug-in."));
  }
}

void Model::shard(Collective& ranks, const std::map<std::string, int>& owners) {
  std::vector<ShardedWeights::Owned> weights;
  std::map<std::string, std::size_t> places;
  for (const NamedTensor& parameter : parameters()) {
    places[parameter.path] = weights.size();
    weights.push_back({parameter.tensor, owners.at(parameter.path)});
  }
  std::vector<std::vector<std::size_t>> units(wiring_.nodes().size());
  for (std::size_t node = 0; node < units.size(); ++node) {
    std::set<std::size_t> unit;  // what is tied within a node is there once
    for (const std::string& path : weights_.live_parameters(node)) unit.insert(places.at(path));
    units[node].assign(unit.begin(), unit.end());
  }
  sharded_ = std::make_shared<ShardedWeights>(ranks, std::move(weights), std::move(units));
}

void Model::unshard() {
  if (sharded_) sharded_->hold();
  sharded_ = nullptr;
}

void Model::end_backward() const {
  if (sharded_) sharded_->end_backward();
}

void Model::average() {
  if (!weights_.has_averages()) return;
  const WholeWeights whole(*this);
  weights_.average();
}

WholeWeights::WholeWeights(const Model& model) : sharded_(model.sharded_) {
  if (sharded_) sharded_->hold();
}

WholeWeights::~WholeWeights() {
  if (sharded_) sharded_->let_go();
}

std::map<std::string, Array> Model::state() const {
  const WholeWeights whole(*this);
  std::map<std::string, Array> state;
  for (const auto* list : {&parameters(), &buffers()})
    for (const NamedTensor& named : *list) state[named.path] = to_array(named.tensor);
  return state;
}

std::map<std::string, Array> Model::state_of(const std::map<std::string, int>& owners,
                                             int rank) const {
  std::map<std::string, Array> state;
  for (const NamedTensor& parameter : parameters())
    if (owners.at(parameter.path) == rank) state[parameter.path] = to_array(parameter.tensor);
  if (rank == 0)
    for (const NamedTensor& buffer : buffers()) state[buffer.path] = to_array(buffer.tensor);
  return state;
}

void Model::load(const std::map<std::string, Array>& state) {
  const WholeWeights whole(*this);
  for (const auto* list : {&parameters(), &buffers()})
    for (const NamedTensor& named : *list) copy_into(named.tensor, state.at(named.path));
}

}  // namespace weft::host
