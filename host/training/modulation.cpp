// SPDX-License-Identifier: Apache-2.0
#include "host/training/modulation.hpp"

#include <algorithm>
#include <cmath>

#include "host/base/error.hpp"
#include "host/base/text.hpp"
#include "host/engine/autograd.hpp"
#include "host/engine/gradients.hpp"
#include "host/graph/node_maker.hpp"
#include "host/graph/stages.hpp"

namespace weft::host {
namespace {

/// Whether the function asks for more than one backward pass.
bool is_by_loss(const Node& node, std::size_t port) {
  const auto shape = parse_shape(node.instance.outputs()[port].shape);
  if (shape && shape->axes.size() == 2) return true;
  for (const std::vector<InputSource>& wires : node.inputs)
    for (const InputSource& source : wires)
      if (source.from == InputSource::From::gradient && source.field == "gram") return true;
  return false;
}

Tensor numbers(const std::vector<double>& values, const std::vector<std::int64_t>& sizes) {
  Array array = Array::empty(DType::float32, sizes);
  std::ranges::transform(values, array.data<float>(),
                         [](double value) { return static_cast<float>(value); });
  return from_array(array);
}

bool is_overflow(const StepReport& report) {
  return std::ranges::any_of(
      report.modulation, [](const auto& group) { return !std::isfinite(group.second.at("norm")); });
}

}  // namespace

Modulation::Modulation(const Model& model, const StagePlan& stage, const Objective& objective)
    : model_(model),
      plan_(stage.modulate),
      objective_(objective),
      losses_(objective.losses()),
      data_(stage.data) {
  if (!is_on()) return;
  node_ = model.wiring().index(plan_.node);
  const Node& node = model.wiring().nodes()[node_];
  port_ = output_port(node.instance, plan_.port).value_or(0);
  by_loss_ = is_by_loss(node, port_);
}

std::map<std::string, double> Modulation::run(const std::vector<TensorMap>& micro,
                                              const CallOptions& options, std::int64_t step,
                                              const std::vector<NamedTensor>& trained,
                                              StepReport& report, double scale) {
  choose(trained);
  received_.clear();
  const auto losses = objective_.run(
      micro, options, step,
      [&](std::size_t i, const Values& values, const std::vector<Tensor>& terms) {
        InputTensors& inputs = received_.emplace_back(model_.gather(node_, values, micro[i]));
        for (std::vector<Tensor>& port : inputs)
          for (Tensor& tensor : port)
            if (tensor) tensor = detach(tensor);
        differentiate(terms);
      },
      scale);
  if (scale != 1.0) divide(scale);
  measure(report);
  if (scale > 1.0 && is_overflow(report)) {  // the step is not taken: no function is asked
    apply(std::vector<double>(plan_.groups.size() * losses_.size(), 1.0), report);
    return losses;
  }
  apply(scales(losses, options), report);
  if (plan_.noise) {
    const Generator generator(stable_hash("modulate", options.seed));
    for (std::size_t g = 0; g < plan_.groups.size(); ++g)
      add_noise(groups_[g].parameters, generator);
  }
  return losses;
}

/// A parameter belongs to the first pattern that covers it.
void Modulation::choose(const std::vector<NamedTensor>& trained) {
  groups_.assign(plan_.groups.size() + 1, {});
  for (const NamedTensor& parameter : trained) {
    std::size_t g = 0;
    while (g < plan_.groups.size() && !covers(plan_.groups[g], parameter.path)) ++g;
    groups_[g].parameters.push_back(parameter.tensor);
  }
  for (Group& group : groups_)
    group.gradients.assign(losses_.size(), std::vector<Tensor>(group.parameters.size()));
}

void Modulation::differentiate(const std::vector<Tensor>& terms) {
  if (!by_loss_) {
    if (const Tensor all = Objective::total(terms)) backward(all);
    return;
  }
  std::vector<Tensor> parameters;
  for (const Group& group : groups_)
    parameters.insert(parameters.end(), group.parameters.begin(), group.parameters.end());
  for (std::size_t t = 0; t < terms.size(); ++t) {
    if (!terms[t] || !terms[t].requires_grad()) continue;
    const std::vector<Tensor> found = derivatives(terms[t], parameters, false);
    std::size_t at = 0;
    for (Group& group : groups_)
      for (Tensor& sum : group.gradients[t]) sum = combined({sum, found[at++]}, {1.0, 1.0});
  }
}

void Modulation::divide(double scale) {
  for (Group& group : groups_) {
    scale_gradients(group.parameters, 1.0 / scale);
    for (std::vector<Tensor>& gradients : group.gradients)
      for (Tensor& one : gradients) one = combined({one}, {1.0 / scale});
  }
}

/// Norms, shares and cosines of the groups as they are before they are scaled.
void Modulation::measure(StepReport& report) {
  const std::size_t count = losses_.size();
  double all = 0.0;
  for (std::size_t g = 0; g < plan_.groups.size(); ++g) {
    Group& group = groups_[g];
    std::map<std::string, double>& told = report.modulation[plan_.groups[g]];
    double square = 0.0;
    if (by_loss_) {
      group.gram.resize(count * count);
      for (std::size_t s = 0; s < count; ++s)
        for (std::size_t t = 0; t <= s; ++t)
          group.gram[s * count + t] = group.gram[t * count + s] =
              inner_product(group.gradients[s], group.gradients[t]);
      for (const double product : group.gram) square += product;
      for (std::size_t s = 0; s < count; ++s)
        for (std::size_t t = 0; t < s; ++t) {
          const double norms = std::sqrt(group.gram[s * count + s] * group.gram[t * count + t]);
          if (norms > 0.0)
            told[concat("cosine.", losses_[t], ".", losses_[s])] =
                group.gram[s * count + t] / norms;
        }
    } else {
      std::vector<Tensor> gradients;
      for (const Tensor& parameter : group.parameters) gradients.push_back(gradient(parameter));
      square = inner_product(gradients, gradients);
    }
    told["norm"] = std::sqrt(std::max(square, 0.0));
    all += told["norm"];
  }
  for (auto& [name, told] : report.modulation) told["share"] = all > 0.0 ? told["norm"] / all : 0.0;
}

/// What the function receives: rows of all micro-batches, and what is known of gradients.
InputTensors Modulation::inputs(const std::map<std::string, double>& losses) const {
  const auto count = static_cast<std::int64_t>(losses_.size());
  std::vector<double> means, gram;
  for (const std::string& name : losses_)
    means.push_back(losses.contains(name) ? losses.at(name) : 0.0);
  for (std::size_t g = 0; g < plan_.groups.size(); ++g)
    gram.insert(gram.end(), groups_[g].gram.begin(), groups_[g].gram.end());

  InputTensors inputs = received_.front();
  const PortWires& wires = model_.wiring().inputs(node_, data_);
  for (std::size_t p = 0; p < inputs.size(); ++p)
    for (std::size_t w = 0; w < inputs[p].size(); ++w) {
      if (wires[p][w].from == InputSource::From::gradient) {
        inputs[p][w] = wires[p][w].field == "loss" ? numbers(means, {count})
                                                   : numbers(gram, wires[p][w].sizes);
        continue;
      }
      std::vector<Tensor> rows;
      for (const InputTensors& micro : received_)
        if (micro[p][w]) rows.push_back(micro[p][w]);
      if (!rows.empty()) inputs[p][w] = stacked_rows(rows);
    }
  return inputs;
}

/// [G, T], or [G] repeated for each loss.
std::vector<double> Modulation::scales(const std::map<std::string, double>& losses,
                                       const CallOptions& options) const {
  const GradMode off(false);
  CallOptions own = options;
  own.data = data_;
  own.precision = DType::float32;
  const Tensor scale = model_.call(node_, WEFT_ROLE_FORWARD, inputs(losses), own).at(port_);
  const Array values = to_array(scale);
  const Node& node = model_.wiring().nodes()[node_];
  const auto groups = static_cast<std::int64_t>(plan_.groups.size());
  const auto count = static_cast<std::int64_t>(losses_.size());
  const bool each = values.sizes == std::vector<std::int64_t>{groups, count};
  if (!each && values.sizes != std::vector<std::int64_t>{groups})
    throw Error(Exit::plugin, concat("\"", node.name, "\" (", node.instance.part().id,
                                     ") scales gradients by ", shape_text(values.sizes),
                                     "; expected [", groups, "] or [", groups, ", ", count, "]."));
  std::vector<double> all;
  for (std::int64_t g = 0; g < groups; ++g)
    for (std::int64_t t = 0; t < count; ++t) {
      const std::int64_t at = each ? g * count + t : g;
      const double value = values.dtype == DType::float64
                               ? values.data<double>()[at]
                               : static_cast<double>(values.data<float>()[at]);
      if (!std::isfinite(value))
        throw Error(Exit::plugin,
                    concat("\"", node.name, "\" (", node.instance.part().id,
                           ") scales the gradient of \"", plan_.groups[static_cast<std::size_t>(g)],
                           "\" by a number that is not finite."));
      all.push_back(value);
    }
  return all;
}

void Modulation::apply(const std::vector<double>& scales, StepReport& report) {
  const std::size_t count = losses_.size();
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    Group& group = groups_[g];
    std::vector<double> own(count, 1.0);
    if (g < plan_.groups.size()) {
      std::copy_n(scales.begin() + static_cast<std::ptrdiff_t>(g * count), count, own.begin());
      std::map<std::string, double>& told = report.modulation[plan_.groups[g]];
      if (by_loss_)
        for (std::size_t t = 0; t < count; ++t) told["scale." + losses_[t]] = own[t];
      else
        told["scale"] = own[0];
    }
    if (!by_loss_) {
      if (own[0] != 1.0) scale_gradients(group.parameters, own[0]);
      continue;
    }
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      std::vector<Tensor> parts;
      for (std::size_t t = 0; t < count; ++t) parts.push_back(group.gradients[t][i]);
      set_gradient(group.parameters[i], combined(parts, own));
    }
  }
}

}  // namespace weft::host
