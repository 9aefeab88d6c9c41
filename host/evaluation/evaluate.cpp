// SPDX-License-Identifier: Apache-2.0
#include "host/evaluation/evaluate.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "host/data/loading/stream.hpp"
#include "host/engine/autograd.hpp"
#include "host/evaluation/text_wires.hpp"
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
  /// @param keeps_rows  also what UPDATE makes of each row alone, for intervals()
  Accumulator(const Model& model, const std::vector<std::string>& metrics, bool keeps_rows)
      : model_(model), keeps_rows_(keeps_rows) {
    for (const std::string& name : metrics) {
      const std::size_t metric = model.wiring().index(name);
      if (!names_.contains(metric)) metrics_.push_back(metric);
      names_[metric].push_back(name);
    }
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
      if (keeps_rows_) keep_rows(metric, inputs);
    }
    if (!keeps_rows_) return;
    const std::size_t first = groups_of_rows_.size();
    groups_of_rows_.insert(groups_of_rows_.end(), groups.begin(), groups.end());
    groups_of_rows_.resize(first + static_cast<std::size_t>(batch.begin()->second.sizes()[0]));
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

  /// Of the rows of a group, or of all.
  MetricIntervals intervals(std::int64_t drawings, std::uint64_t seed,
                            const std::optional<std::string>& group = std::nullopt) const {
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < groups_of_rows_.size(); ++row)
      if (!group || groups_of_rows_[row] == *group) rows.push_back(row);
    if (rows.empty()) return {};
    return bootstrap(rows.size(), drawings, seed, [&](const std::vector<std::int64_t>& drawn) {
      std::vector<std::int64_t> counts(groups_of_rows_.size(), 0);
      for (std::size_t i = 0; i < rows.size(); ++i) counts[rows[i]] = drawn[i];
      std::map<std::size_t, States> states;
      for (const auto& [metric, kept] : rows_) states[metric] = kept.merged(counts);
      return compute(states);
    });
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

  void keep_rows(std::size_t metric, const InputTensors& inputs) {
    std::vector<std::vector<Array>> arrays;
    std::int64_t rows = 0;
    for (const std::vector<Tensor>& port : inputs) {
      arrays.emplace_back();
      for (const Tensor& tensor : port) {
        arrays.back().push_back(tensor ? to_array(tensor) : Array{});
        if (tensor) rows = arrays.back().back().sizes[0];
      }
    }
    const auto kept = rows_.try_emplace(metric, instance(metric)).first;
    for (std::int64_t row = 0; row < rows; ++row) {
      InputTensors one;
      for (const std::vector<Array>& port : arrays) {
        one.emplace_back();
        for (const Array& array : port)
          one.back().push_back(array.bytes ? take_rows(array, {static_cast<std::size_t>(row)})
                                           : Tensor());
      }
      States states = initial_states(instance(metric));
      model_.call(metric, WEFT_ROLE_UPDATE, one, CallOptions{}, &states);
      kept->second.add(states);
    }
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
      for (const std::string& name : names_.at(metric))
        for (std::size_t i = 0; i < out.size(); ++i)
          values[name + "." + instance(metric).outputs()[i].name] = item(out[i]);
    }
    return values;
  }

  const Model& model_;
  std::vector<std::size_t> metrics_;
  std::map<std::size_t, std::vector<std::string>> names_;        // equal ones of views have several
  std::map<std::string, std::map<std::size_t, States>> states_;  // group → metric → states
  bool keeps_rows_;
  std::map<std::size_t, RowStates> rows_;    // by metric
  std::vector<std::string> groups_of_rows_;  // of all rows up to now
};

/// The decoders whose generated tokens, or texts, any of the metrics reads.
std::set<std::size_t> generators_for(const Model& model, const std::vector<std::size_t>& metrics,
                                     bool as_text) {
  std::set<std::size_t> decoders;
  for (const std::size_t metric : metrics)
    for (const std::vector<InputSource>& port : model.wiring().nodes()[metric].inputs)
      for (const InputSource& source : port)
        if (source.from == InputSource::From::generated && (!as_text || source.field == "text"))
          decoders.insert(source.node);
  return decoders;
}

}  // namespace

Evaluation evaluate(const Model& model, const Dataset& data, const EvaluationRequest& request) {
  const GradMode off(false);
  std::vector<std::size_t> targets;
  for (const std::string& name : request.metrics) targets.push_back(model.wiring().index(name));
  const std::vector<std::size_t> order = model.wiring().needed(targets);

  const std::set<std::size_t> generators = generators_for(model, targets, false);
  const std::set<std::size_t> writers = generators_for(model, targets, true);
  Accumulator accumulator(model, request.metrics, request.drawings > 0);
  EvaluationStream stream(data, request.split, request.batch, request.by,
                          texts_read(model.wiring(), targets, data));
  Evaluation evaluation;
  for (Batch batch; stream.next(batch);) {
    TensorMap tensors;
    for (const auto& [name, array] : batch.fields) tensors[name] = from_array(array);
    add_texts(batch, tensors);
    CallOptions options;
    options.data = data.name();
    Values values = model.forward(order, tensors, options);
    for (const std::size_t node : generators) {
      values.generated[node] =
          generate_greedy(model, node, values, tensors, request.generate_length);
      if (writers.contains(node))
        values.generated_texts[node] = text_tensors(decoded_rows(data, values.generated[node]));
    }
    accumulator.update(values, tensors, batch.groups);
    evaluation.examples += batch.size;
  }
  evaluation.all = accumulator.compute_all();
  if (!request.by.empty())
    for (const std::string& group : accumulator.groups())
      evaluation.by[group] = accumulator.compute(group);
  if (request.drawings == 0) return evaluation;
  evaluation.intervals = accumulator.intervals(request.drawings, request.seed);
  for (const auto& [group, values] : evaluation.by)
    evaluation.intervals_by[group] = accumulator.intervals(request.drawings, request.seed, group);
  return evaluation;
}

}  // namespace weft::host
