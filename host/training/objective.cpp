// SPDX-License-Identifier: Apache-2.0
#include "host/training/objective.hpp"

#include <algorithm>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/comm/gradient_tree.hpp"
#include "host/optim/schedule.hpp"

namespace weft::host {
namespace {

constexpr std::uint64_t k_seeds_apart = 0x9e3779b97f4a7c15u;  // of two micro-batches

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

Objective::Objective(const Model& model, const StagePlan& stage, Collective& ranks,
                     std::map<std::string, int> owners)
    : model_(model),
      ranks_(&ranks),
      owners_(std::move(owners)),
      first_(static_cast<std::size_t>(stage.grad_accumulation / ranks.size() * ranks.rank())),
      data_(stage.data) {
  std::vector<std::size_t> targets;
  for (const auto& [name, lambda] : stage.losses) {
    const std::size_t node = model.wiring().index(name);
    const Node& loss = model.wiring().nodes()[node];
    const bool couples = (loss.instance.traits() & WEFT_COUPLES_SAMPLES) != 0;
    terms_.push_back({name, node, output_port(loss, "loss"), output_port(loss, "weight"), lambda,
                      couples && ranks.size() > 1});
    targets.push_back(node);
  }
  // What scales gradients runs after the backward pass, on what these make.
  std::size_t modulator = model.wiring().nodes().size();
  if (!stage.modulate.node.empty()) {
    is_modulated_ = true;
    modulator = model.wiring().index(stage.modulate.node);
    targets.push_back(modulator);
  }
  order_ = model.wiring().needed(targets);
  asked_ = std::make_shared<const Asked>(Asked{{order_.begin(), order_.end()}});
  std::erase(order_, modulator);
}

std::vector<std::string> Objective::losses() const {
  std::vector<std::string> names;
  for (const Term& term : terms_) names.push_back(term.name);
  return names;
}

Objective Objective::alone() const {
  Objective alone = *this;
  alone.ranks_ = &one_rank();
  alone.owners_.clear();
  alone.first_ = 0;
  for (Term& term : alone.terms_) term.is_shared = false;
  return alone;
}

std::map<std::string, double> Objective::backward(const std::vector<TensorMap>& micro,
                                                  const CallOptions& options, std::int64_t step,
                                                  double scale) const {
  std::vector<Tensor> parameters;
  for (const NamedTensor& parameter : model_.parameters()) parameters.push_back(parameter.tensor);
  GradientTree gradients(parameters);
  std::map<std::string, double> means = run(
      micro, options, step,
      [&](std::size_t, const Values&, const std::vector<Tensor>& terms) {
        if (const Tensor all = total(terms)) host::backward(all);
        model_.end_backward();
        gradients.add();
      },
      scale);
  gradients.finish();
  sum_gradients();
  return means;
}

Tensor Objective::total(const std::vector<Tensor>& terms) {
  Tensor sum;
  for (const Tensor& term : terms)
    if (term) sum = sum ? add(sum, term) : term;
  return sum;
}

std::map<std::string, double> Objective::run(const std::vector<TensorMap>& micro,
                                             const CallOptions& options, std::int64_t step,
                                             const Differentiate& differentiate,
                                             double scale) const {
  const bool is_whole = micro.size() == 1 && ranks_->size() == 1;
  std::vector<double> weights;
  if (!is_whole) weights = count(micro, options);

  std::vector<Part> parts;
  for (std::size_t i = 0; i < micro.size(); ++i) {
    const Values values = forward(weights, micro[i], options_of(options, i));
    if (is_whole) weights = weights_in(values);
    for (std::size_t t = 0; t < terms_.size(); ++t)
      if (terms_[t].is_shared)
        weights[t] = item(values.outputs.at(terms_[t].node)[terms_[t].weight_port]);
    std::vector<Tensor> minimised(terms_.size());
    for (std::size_t t = 0; t < terms_.size(); ++t) {
      if (weights[t] == 0.0) continue;  // nothing counted: no gradient either
      const Term& term = terms_[t];
      const Tensor& loss = values.outputs.at(term.node)[term.loss_port];
      const double lambda = optim::value_at(term.lambda, step);
      const Tensor part = scaled(loss, lambda / weights[t]);
      parts.push_back({t, detach(loss), detach(part)});
      if (lambda != 0.0) minimised[t] = scale == 1.0 ? part : scaled(part, scale);
    }
    differentiate(i, values, minimised);
  }
  return read(parts, weights);
}

/// Rank 0 alone has the gradient of what belongs to a loss that all ranks compute.
void Objective::sum_gradients() const {
  std::vector<Tensor> parameters, of_shared;
  for (const NamedTensor& parameter : model_.parameters()) {
    parameters.push_back(parameter.tensor);
    for (const Term& term : terms_)
      if (term.is_shared &&
          parameter.path.starts_with(model_.wiring().nodes()[term.node].owner + "."))
        of_shared.push_back(parameter.tensor);
  }
  if (ranks_->rank() != 0) clear_gradients(of_shared);
  if (owners_.empty()) return ranks_->sum_gradients(parameters);
  std::vector<Tensor> owned;
  std::vector<int> owners;
  for (const NamedTensor& parameter : model_.parameters())
    if (const auto owner = owners_.find(parameter.path); owner != owners_.end()) {
      owned.push_back(parameter.tensor);
      owners.push_back(owner->second);
    }
  ranks_->sum_gradients_to_owners(owned, owners);
}

/// @param counted  a term that counts nothing is not run; empty: all are
Values Objective::forward(const std::vector<double>& counted, const TensorMap& batch,
                          const CallOptions& options) const {
  if (counted.empty() || is_modulated_) return model_.forward(order_, batch, options);
  std::vector<std::size_t> targets, shared;
  for (std::size_t t = 0; t < terms_.size(); ++t) {
    if (terms_[t].is_shared)
      shared.push_back(terms_[t].node);
    else if (counted.empty() || counted[t] != 0.0)
      targets.push_back(terms_[t].node);
  }
  targets.insert(targets.end(), shared.begin(), shared.end());
  std::vector<std::size_t> order = model_.wiring().needed(targets);
  std::erase_if(order, [&](std::size_t node) { return std::ranges::count(shared, node) > 0; });
  Values values = model_.forward(order, batch, options);
  for (const std::size_t node : shared) {
    InputTensors inputs = model_.gather(node, values, batch);
    for (std::vector<Tensor>& port : inputs)
      for (Tensor& tensor : port)
        if (tensor && !tensor.sizes().empty()) tensor = ranks_->rows_of_all(tensor);
    CallOptions alike = options;  // with the random numbers of the first rank
    alike.seed -= first_ * k_seeds_apart;
    values.outputs[node] = model_.call(node, WEFT_ROLE_FORWARD, inputs, alike);
  }
  return values;
}

std::vector<double> Objective::weights_in(const Values& values) const {
  std::vector<Tensor> counts;
  for (const Term& term : terms_) counts.push_back(values.outputs.at(term.node)[term.weight_port]);
  return items(counts);
}

/// Of all ranks, in the order of the micro-batches.
std::map<std::string, double> Objective::read(const std::vector<Part>& parts,
                                              const std::vector<double>& weights) const {
  std::vector<Tensor> tensors;
  for (const Part& part : parts) tensors.insert(tensors.end(), {part.loss, part.minimised});
  const std::vector<double> values = ranks_->table(items(tensors));
  std::map<std::string, double> means{{"total", 0.0}};
  for (std::size_t i = 0; 2 * i < values.size(); ++i) {
    const std::size_t t = parts[i % parts.size()].term;
    if (terms_[t].is_shared && i >= parts.size()) continue;  // rank 0 has said it
    means[terms_[t].name] += values[2 * i] / weights[t];
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
  CallOptions options = step;
  options.seed += (first_ + micro) * k_seeds_apart;
  options.data = data_;
  options.asked = asked_;
  return options;
}

std::vector<double> Objective::count(const std::vector<TensorMap>& micro,
                                     const CallOptions& options) const {
  const GradMode off(false);
  Values none;
  none.data = data_;
  std::vector<Tensor> counts;
  std::vector<std::size_t> of_term;
  for (std::size_t t = 0; t < terms_.size(); ++t)
    for (std::size_t i = 0; i < micro.size() && !terms_[t].is_shared; ++i) {
      const std::size_t node = terms_[t].node;
      none.seed = options_of(options, i).seed;
      const InputTensors inputs = model_.gather(node, none, micro[i], /*only_batch=*/true);
      counts.push_back(model_.call(node, WEFT_ROLE_COUNT, inputs, options)[terms_[t].weight_port]);
      of_term.push_back(t);
    }
  const std::vector<double> values = ranks_->table(items(counts));
  std::vector<double> weights(terms_.size(), 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) weights[of_term[i % of_term.size()]] += values[i];
  return weights;
}

}  // namespace weft::host
