// SPDX-License-Identifier: Apache-2.0
#include "host/training/objective.hpp"

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"
#include "host/optim/schedule.hpp"

namespace weft::host {
namespace {

std::size_t output_port(const Node& node, const std::string& name) {
  std::size_t port = 0;
  while (node.instance.outputs().at(port).name != name) ++port;
  return port;
}

/// Rows [first, first + count) of an array, sharing its memory.
Array rows(const Array& array, std::int64_t first, std::int64_t count) {
  Array part = array;
  part.sizes[0] = count;
  const std::size_t row = array.byte_count() / static_cast<std::size_t>(array.sizes[0]);
  part.bytes = std::shared_ptr<std::byte>(
      array.bytes, array.bytes.get() + row * static_cast<std::size_t>(first));
  return part;
}

}  // namespace

std::vector<TensorMap> micro_batches(const Batch& batch, std::int64_t parts) {
  const std::int64_t size = batch.size / parts;
  std::vector<TensorMap> micro(static_cast<std::size_t>(parts));
  for (std::int64_t i = 0; i < parts; ++i)
    for (const auto& [name, array] : batch.fields)
      micro[static_cast<std::size_t>(i)][name] = from_array(rows(array, i * size, size));
  return micro;
}

Objective::Objective(const Model& model, const StagePlan& stage)
    : model_(model), data_(stage.data) {
  std::vector<std::size_t> targets;
  for (const auto& [name, lambda] : stage.losses) {
    const std::size_t node = model.wiring().index(name);
    const Node& loss = model.wiring().nodes()[node];
    terms_.push_back({name, node, output_port(loss, "loss"), output_port(loss, "weight"), lambda});
    targets.push_back(node);
  }
  order_ = model.wiring().needed(targets);
}

std::map<std::string, double> Objective::backward(const std::vector<TensorMap>& micro,
                                                  const CallOptions& options,
                                                  std::int64_t step) const {
  std::vector<double> weights;
  if (micro.size() > 1) weights = count(micro, options);

  std::vector<Part> parts;
  for (std::size_t i = 0; i < micro.size(); ++i) {
    const Values values = model_.forward(order_, micro[i], options_of(options, i));
    if (micro.size() == 1) {
      std::vector<Tensor> counts;
      for (const Term& term : terms_)
        counts.push_back(values.outputs.at(term.node)[term.weight_port]);
      weights = items(counts);
    }
    Tensor total;
    for (std::size_t t = 0; t < terms_.size(); ++t) {
      if (weights[t] == 0.0) continue;  // nothing counted: no gradient either
      const Term& term = terms_[t];
      const Tensor& loss = values.outputs.at(term.node)[term.loss_port];
      const double lambda = optim::value_at(term.lambda, step);
      const Tensor part = scaled(loss, lambda / weights[t]);
      parts.push_back({term, detach(loss), detach(part), weights[t]});
      if (lambda != 0.0) total = total ? add(total, part) : part;
    }
    if (total) host::backward(total);
  }
  return read(parts);
}

std::map<std::string, double> Objective::read(const std::vector<Part>& parts) {
  std::vector<Tensor> tensors;
  for (const Part& part : parts) tensors.insert(tensors.end(), {part.loss, part.minimised});
  const std::vector<double> values = items(tensors);
  std::map<std::string, double> means{{"total", 0.0}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    means[parts[i].term.name] += values[2 * i] / parts[i].weight;
    means["total"] += values[2 * i + 1];
  }
  return means;
}

std::map<std::string, double> Objective::changing_weights(std::int64_t step) const {
  std::map<std::string, double> weights;
  for (const Term& term : terms_)
    if (!term.lambda.is_constant()) weights[term.name] = optim::value_at(term.lambda, step);
  return weights;
}

CallOptions Objective::options_of(const CallOptions& step, std::size_t micro) const {
  return {step.training, step.seed + micro * 0x9e3779b97f4a7c15u, data_};
}

std::vector<double> Objective::count(const std::vector<TensorMap>& micro,
                                     const CallOptions& options) const {
  const GradMode off(false);
  Values none;
  none.data = data_;
  std::vector<Tensor> counts;
  for (const Term& term : terms_)
    for (std::size_t i = 0; i < micro.size(); ++i) {
      none.seed = options_of(options, i).seed;
      const InputTensors inputs = model_.gather(term.node, none, micro[i], /*only_batch=*/true);
      counts.push_back(model_.call(term.node, WEFT_ROLE_COUNT, inputs, options)[term.weight_port]);
    }
  const std::vector<double> values = items(counts);
  std::vector<double> weights(terms_.size(), 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) weights[i / micro.size()] += values[i];
  return weights;
}

}  // namespace weft::host
