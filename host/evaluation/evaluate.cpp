// SPDX-License-Identifier: Apache-2.0
#include "host/evaluation/evaluate.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/comm/shared_arrays.hpp"
#include "host/evaluation/shared_batches.hpp"
#include "host/evaluation/shared_evaluation.hpp"
#include "host/evaluation/text_wires.hpp"
#include "host/generation/write.hpp"
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

constexpr std::uint64_t k_seed = 0;  // of all drawings, so that they are the same for every model

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

  /// Takes in what the metrics make of a batch of each rank, in the order of the ranks: of each
  /// batch alone, merged by the metrics' own rules, so that it does not matter who had which.
  /// @param batch  of this rank; null where it has none
  void update(const Values& values, const TensorMap* batch, const std::vector<std::string>& groups,
              std::size_t rows, Collective& ranks) {
    NamedArrays states, of_rows;
    if (batch != nullptr) measure(values, *batch, groups, states, of_rows);
    for (const NamedArrays& arrays : arrays_of_all(ranks, states))
      for (const auto& [name, array] : arrays) merge_in(name, from_array(array));
    if (!keeps_rows_) return;
    for (const NamedArrays& arrays : arrays_of_all(ranks, of_rows)) add_rows(arrays);
    std::vector<std::string> own = groups;
    own.resize(rows);
    for (std::string& group : list_of_all(ranks, own)) groups_of_rows_.push_back(std::move(group));
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
  DrawnValues draw(std::int64_t drawings,
                   const std::optional<std::string>& group = std::nullopt) const {
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < groups_of_rows_.size(); ++row)
      if (!group || groups_of_rows_[row] == *group) rows.push_back(row);
    if (rows.empty()) return {};
    return draw_values(rows.size(), drawings, k_seed, [&](const std::vector<std::int64_t>& drawn) {
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

  void measure(const Values& values, const TensorMap& batch, const std::vector<std::string>& groups,
               NamedArrays& states, NamedArrays& of_rows) const {
    std::map<std::string, std::vector<std::size_t>> rows;
    for (std::size_t row = 0; row < groups.size(); ++row) rows[groups[row]].push_back(row);
    for (const std::size_t metric : metrics_) {
      const InputTensors inputs = model_.gather(metric, values, batch);
      if (rows.size() <= 1)
        measure(metric, inputs, groups.empty() ? "" : groups[0], states);
      else
        for (const auto& [group, chosen] : rows)
          measure(metric, only_rows(inputs, chosen), group, states);
      if (keeps_rows_) measure_rows(metric, inputs, of_rows);
    }
  }

  /// What UPDATE makes of these inputs alone, as "metric/state/label".
  void measure(std::size_t metric, const InputTensors& inputs, const std::string& label,
               NamedArrays& into) const {
    States states = initial_states(instance(metric));
    model_.call(metric, WEFT_ROLE_UPDATE, inputs, CallOptions{}, &states);
    for (std::size_t i = 0; i < states.size(); ++i)
      into[concat(metric, "/", i, "/", label)] = to_array(states[i]);
  }

  void measure_rows(std::size_t metric, const InputTensors& inputs, NamedArrays& into) const {
    std::vector<std::vector<Array>> arrays;
    std::int64_t rows = 0;
    for (const std::vector<Tensor>& port : inputs) {
      arrays.emplace_back();
      for (const Tensor& tensor : port) {
        arrays.back().push_back(tensor ? to_array(tensor) : Array{});
        if (tensor) rows = arrays.back().back().sizes[0];
      }
    }
    for (std::int64_t row = 0; row < rows; ++row) {
      InputTensors one;
      for (const std::vector<Array>& port : arrays) {
        one.emplace_back();
        for (const Array& array : port)
          one.back().push_back(array.bytes ? take_rows(array, {static_cast<std::size_t>(row)})
                                           : Tensor());
      }
      measure(metric, one, std::to_string(row), into);
    }
  }

  /// The parts of "metric/state/label".
  struct Label {
    explicit Label(const std::string& name) {
      const std::size_t slash = name.find('/'), second = name.find('/', slash + 1);
      metric = std::stoul(name);
      state = std::stoul(name.substr(slash + 1));
      label = name.substr(second + 1);
    }
    std::size_t metric, state;
    std::string label;
  };

  void merge_in(const std::string& name, const Tensor& state) {
    const Label label(name);
    States& states = states_[label.label][label.metric];
    if (states.empty()) states = initial_states(instance(label.metric));
    Tensor& merged = states.at(label.state);
    merged = merge(merged, state, instance(label.metric).states()[label.state].merge);
  }

  void add_rows(const NamedArrays& arrays) {
    std::map<std::size_t, std::map<std::size_t, std::map<std::size_t, Tensor>>> found;
    for (const auto& [name, array] : arrays) {
      const Label label(name);
      found[label.metric][std::stoul(label.label)][label.state] = from_array(array);
    }
    for (const auto& [metric, rows] : found)
      for (const auto& [row, by_number] : rows) {
        States states;
        for (const auto& [number, state] : by_number) states.push_back(state);
        rows_.try_emplace(metric, instance(metric)).first->second.add(states);
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
std::vector<std::size_t> generators_for(const Model& model, const std::vector<std::size_t>& metrics,
                                        bool as_text) {
  std::set<std::size_t> decoders;
  for (const std::size_t metric : metrics)
    for (const std::vector<InputSource>& port : model.wiring().nodes()[metric].inputs)
      for (const InputSource& source : port)
        if (source.from == InputSource::From::generated && (!as_text || source.field == "text"))
          decoders.insert(source.node);
  return {decoders.begin(), decoders.end()};
}

std::vector<std::string> texts_of(const Written& written) {
  std::vector<std::string> texts;
  for (const std::vector<Sequence>& row : written) texts.push_back(row.front().text);
  return texts;
}

}  // namespace

Evaluation evaluate(const Model& model, const Dataset& data, const EvaluationRequest& request) {
  return evaluate_together(model, data, request, one_rank());
}

Evaluation evaluate_together(const Model& model, const Dataset& data,
                             const EvaluationRequest& request, Collective& ranks) {
  const GradMode off(false);
  const WholeWeights whole(model);
  std::vector<std::size_t> targets;
  for (const std::string& name : request.metrics) targets.push_back(model.wiring().index(name));
  const std::vector<std::size_t> order = model.wiring().needed(targets);

  const std::vector<std::size_t> generators = generators_for(model, targets, false);
  const std::vector<std::size_t> as_text = generators_for(model, targets, true);
  if (!as_text.empty()) require_tokenizer(data);
  Accumulator accumulator(model, request.metrics,
                          request.drawings > 0 || request.kept_drawings > 0);
  SharedBatches batches(data, request.split, request.batch, ranks, request.by,
                        texts_read(model.wiring(), targets, data));
  Evaluation evaluation;
  Constraints constraints = constraints_for(data);
  for (Batch batch; batches.next(batch);) {
    TensorMap tensors;
    Values values;
    if (batch.size > 0) {
      for (const auto& [name, array] : batch.fields) tensors[name] = from_array(array);
      add_texts(batch, tensors);
      CallOptions options;
      options.data = data.name();
      values = model.forward(order, tensors, options);
      WriteRequest write{request.generate, batch.size, batches.first_row(), decoder_of(data)};
      write.constraints = &constraints;
      for (const auto& [node, written] : write_texts(model, generators, values, tensors, write)) {
        values.generated[node] =
            best_tokens(written, special_ids(model.wiring().nodes()[node]).pad);
        if (std::ranges::find(as_text, node) != as_text.end())
          values.generated_texts[node] = text_tensors(texts_of(written));
      }
    }
    accumulator.update(values, batch.size > 0 ? &tensors : nullptr, batch.groups, batch.keys.size(),
                       ranks);
    for (std::string& key : list_of_all(ranks, batch.keys))
      evaluation.keys.push_back(std::move(key));
  }
  evaluation.examples = static_cast<std::int64_t>(batches.rows());
  evaluation.all = accumulator.compute_all();
  if (!request.by.empty())
    for (const std::string& group : accumulator.groups())
      evaluation.by[group] = accumulator.compute(group);
  evaluation.drawn = accumulator.draw(std::max(request.drawings, request.kept_drawings));
  if (request.drawings == 0) return evaluation;
  evaluation.intervals = intervals_of(evaluation.drawn, request.drawings);
  for (const auto& [group, values] : evaluation.by)
    evaluation.intervals_by[group] =
        intervals_of(accumulator.draw(request.drawings, group), request.drawings);
  return evaluation;
}

}  // namespace weft::host
