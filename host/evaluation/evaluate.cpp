// SPDX-License-Identifier: Apache-2.0
#include "host/evaluation/evaluate.hpp"

#include <algorithm>
#include <cstring>
#include <set>

#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/generation/greedy.hpp"
#include "host/graph/metric_states.hpp"

namespace weft::host {
namespace {

/// The given rows of a tensor [B, …].
Tensor take_rows(const Array& array, const std::vector<std::size_t>& rows) {
  Array taken = array;
  taken.sizes[0] = static_cast<std::int64_t>(rows.size());
  taken = Array::empty(array.dtype, taken.sizes);
  const std::size_t bytes = array.byte_count() / static_cast<std::size_t>(array.sizes[0]);
  for (std::size_t i = 0; i < rows.size(); ++i)
    std::memcpy(taken.bytes.get() + i * bytes, array.bytes.get() + rows[i] * bytes, bytes);
  return from_array(taken);
}

/// The metrics of one request with their states per group.
class Accumulator {
 public:
  Accumulator(const Model& model, const std::vector<std::string>& metrics) : model_(model) {
    for (const std::string& name : metrics) metrics_.push_back(model.wiring().index(name));
  }

  void update(const Values& values, const TensorMap& batch,
              const std::vector<std::string>& groups) {
    std::map<std::string, std::vector<std::size_t>> rows;
    for (std::size_t row = 0; row < groups.size(); ++row) rows[groups[row]].push_back(row);
    for (const std::size_t metric : metrics_) {
      const InputTensors inputs = model_.gather(metric, values, batch);
      if (rows.size() <= 1)
        update_group(groups.empty() ? "" : groups[0], metric, inputs);
      else
        for (const auto& [group, chosen] : rows)
          update_group(group, metric, only_rows(inputs, chosen));
    }
  }

  MetricValues compute(const std::string& group) { return compute(states_.at(group)); }

  MetricValues compute_all() {
    std::map<std::size_t, States> merged;
    for (const std::size_t metric : metrics_) merged[metric] = initial_states(instance(metric));
    for (const auto& [group, states] : states_)
      for (const auto& [metric, list] : states)
        for (std::size_t i = 0; i < list.size(); ++i)
          merged[metric][i] = merge(merged[metric][i], list[i], instance(metric).states()[i].merge);
    return compute(merged);
  }

  std::vector<std::string> groups() const {
    std::vector<std::string> names;
    for (const auto& [group, states] : states_) names.push_back(group);
    return names;
  }

 private:
  const Instance& instance(std::size_t node) const {
    return model_.wiring().nodes()[node].instance;
  }

  void update_group(const std::string& group, std::size_t metric, const InputTensors& inputs) {
    auto& states = states_[group];
    if (!states.contains(metric)) states[metric] = initial_states(instance(metric));
    model_.call(metric, WEFT_ROLE_UPDATE, inputs, CallOptions{}, &states[metric]);
  }

  static InputTensors only_rows(const InputTensors& inputs, const std::vector<std::size_t>& rows) {
    InputTensors chosen;
    for (const std::vector<Tensor>& port : inputs) {
      chosen.emplace_back();
      for (const Tensor& tensor : port)
        chosen.back().push_back(tensor ? take_rows(to_array(tensor), rows) : Tensor());
    }
    return chosen;
  }

  MetricValues compute(std::map<std::size_t, States>& states) const {
    MetricValues values;
    for (auto& [metric, list] : states) {
      const InputTensors none(instance(metric).inputs().size());
      const auto out = model_.call(metric, WEFT_ROLE_COMPUTE, none, CallOptions{}, &list);
      for (std::size_t i = 0; i < out.size(); ++i)
        values[model_.wiring().nodes()[metric].name + "." + instance(metric).outputs()[i].name] =
            item(out[i]);
    }
    return values;
  }

  const Model& model_;
  std::vector<std::size_t> metrics_;
  std::map<std::string, std::map<std::size_t, States>> states_;  // group → metric → states
};

/// The decoders whose generated text any of the metrics reads.
std::set<std::size_t> generators_for(const Model& model, const std::vector<std::size_t>& metrics) {
  std::set<std::size_t> decoders;
  for (const std::size_t metric : metrics)
    for (const std::vector<InputSource>& port : model.wiring().nodes()[metric].inputs)
      for (const InputSource& source : port)
        if (source.from == InputSource::From::generated) decoders.insert(source.node);
  return decoders;
}

}  // namespace

Evaluation evaluate(const Model& model, const Dataset& data, const EvaluationRequest& request) {
  const GradMode off(false);
  std::vector<std::size_t> targets;
  for (const std::string& name : request.metrics) targets.push_back(model.wiring().index(name));
  const std::vector<std::size_t> order = model.wiring().needed(targets);

  const std::set<std::size_t> generators = generators_for(model, targets);
  Accumulator accumulator(model, request.metrics);
  EvaluationStream stream(data, request.split, request.batch, request.by);
  Evaluation evaluation;
  for (Batch batch; stream.next(batch);) {
    TensorMap tensors;
    for (const auto& [name, array] : batch.fields) tensors[name] = from_array(array);
    CallOptions options;
    options.data = data.name();
    Values values = model.forward(order, tensors, options);
    for (const std::size_t node : generators)
      values.generated[node] =
          generate_greedy(model, node, values, tensors, request.generate_length);
    accumulator.update(values, tensors, batch.groups);
    evaluation.examples += batch.size;
  }
  evaluation.all = accumulator.compute_all();
  if (!request.by.empty())
    for (const std::string& group : accumulator.groups())
      evaluation.by[group] = accumulator.compute(group);
  return evaluation;
}

}  // namespace weft::host
