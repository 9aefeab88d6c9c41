// SPDX-License-Identifier: Apache-2.0
#include "host/training/objective.hpp"

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"

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
                                                  const CallOptions& options) const {
  std::map<std::string, double> weights;
  if (micro.size() > 1)
    for (const Term& term : terms_) weights[term.name] = count(term, micro, options);

  std::map<std::string, double> means{{"total", 0.0}};
  for (std::size_t i = 0; i < micro.size(); ++i) {
    const Values values = model_.forward(order_, micro[i], options_of(options, i));
    Tensor total;
    for (const Term& term : terms_) {
      const std::vector<Tensor>& out = values.outputs.at(term.node);
      const double weight = micro.size() > 1 ? weights.at(term.name) : item(out[term.weight_port]);
      if (weight == 0.0) continue;  // nothing counted: no gradient either
      const Tensor part = scaled(out[term.loss_port], term.lambda / weight);
      means[term.name] += item(out[term.loss_port]) / weight;
      means["total"] += item(part);
      total = total ? add(total, part) : part;
    }
    if (total) host::backward(total);
  }
  return means;
}

CallOptions Objective::options_of(const CallOptions& step, std::size_t micro) const {
  return {step.training, step.seed + micro * 0x9e3779b97f4a7c15u, data_};
}

double Objective::count(const Term& term, const std::vector<TensorMap>& micro,
                        const CallOptions& options) const {
  const GradMode off(false);
  Values none;
  none.data = data_;
  double weight = 0.0;
  for (const TensorMap& batch : micro) {
    const InputTensors inputs = model_.gather(term.node, none, batch, /*only_batch=*/true);
    weight += item(model_.call(term.node, WEFT_ROLE_COUNT, inputs, options)[term.weight_port]);
  }
  return weight;
}

}  // namespace weft::host
