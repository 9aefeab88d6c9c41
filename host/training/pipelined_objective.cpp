// SPDX-License-Identifier: Apache-2.0
#include "host/training/pipelined_objective.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "host/engine/autograd.hpp"
#include "host/engine/comm/gradient_tree.hpp"
#include "host/optim/schedule.hpp"
#include "host/training/pipeline.hpp"

namespace weft::host {
namespace {

bool is_recorded(const std::vector<Tensor>& tensors) {
  return std::ranges::any_of(tensors,
                             [](const Tensor& tensor) { return tensor && tensor.requires_grad(); });
}

}  // namespace

/// What all micro-batches of a step share.
struct PipelinedObjective::Step {
  const std::vector<TensorMap>& micro;
  const CallOptions& options;
  std::int64_t number;
  double scale;                        ///< of what is differentiated
  std::vector<double> weights;         ///< of each term, over all micro-batches
  std::vector<std::size_t> nodes;      ///< that this rank computes, in order
  std::map<std::size_t, int> fetched;  ///< that it reads and another rank computes, with that
  std::map<std::size_t, std::set<int>> readers;  ///< of its own nodes: other ranks
};

/// From its forward pass on until its backward pass.
struct PipelinedObjective::MicroBatch {
  Values values;
  Tensor minimised;          ///< the sum of this rank's terms; absent where it has none
  std::vector<Tensor> told;  ///< of each term its loss and what is minimised, or absent
};

PipelinedObjective::PipelinedObjective(const Model& model, const Objective& objective,
                                       Collective& ranks, NodeRanks rank_of,
                                       std::map<std::string, int> owners)
    : model_(model),
      objective_(objective),
      ranks_(ranks),
      rank_of_(std::move(rank_of)),
      owners_(std::move(owners)) {}

std::vector<std::size_t> PipelinedObjective::read_by(std::size_t node) const {
  std::vector<std::size_t> nodes;
  for (const auto& port : model_.wiring().inputs(node, objective_.data()))
    for (const InputSource& source : port)
      if (source.from == InputSource::From::node) nodes.push_back(source.node);
  return nodes;
}

int PipelinedObjective::tag(std::size_t micro, std::size_t node, bool is_back) const {
  const std::size_t nodes = model_.wiring().nodes().size();
  return static_cast<int>(2 * (micro * nodes + node) + (is_back ? 1 : 0));
}

PipelinedObjective::MicroBatch PipelinedObjective::forward(const Step& step,
                                                           std::size_t micro) const {
  MicroBatch here;
  for (const auto& [node, rank] : step.fetched)
    here.values.outputs[node] = ranks_.receive(rank, tag(micro, node, false));
  here.values = model_.forward(step.nodes, step.micro[micro],
                               objective_.options_of(step.options, micro), std::move(here.values));
  for (const auto& [node, readers] : step.readers)
    for (const int reader : readers)
      ranks_.send(here.values.outputs.at(node), reader, tag(micro, node, false));
  std::vector<Tensor> minimised;
  for (std::size_t t = 0; t < objective_.terms().size(); ++t) {
    const Objective::Term& term = objective_.terms()[t];
    here.told.resize(2 * t + 2);
    if (step.weights[t] == 0.0 || !is_own(term.node)) continue;
    const Tensor& loss = here.values.outputs.at(term.node)[term.loss_port];
    const double lambda = optim::value_at(term.lambda, step.number);
    const Tensor part = scaled(loss, lambda / step.weights[t]);
    here.told[2 * t] = detach(loss);
    here.told[2 * t + 1] = detach(part);
    if (lambda != 0.0) minimised.push_back(step.scale == 1.0 ? part : scaled(part, step.scale));
  }
  here.minimised = Objective::total(minimised);
  return here;
}

void PipelinedObjective::backward(const Step& step, std::size_t micro, MicroBatch& here) const {
  std::vector<Tensor> roots{here.minimised}, slopes{Tensor()};
  for (const auto& [node, readers] : step.readers) {
    const std::vector<Tensor>& outputs = here.values.outputs.at(node);
    if (!is_recorded(outputs)) continue;
    std::vector<Tensor> sums(outputs.size());
    for (auto reader = readers.rbegin(); reader != readers.rend(); ++reader) {
      const std::vector<Tensor> back = ranks_.receive(*reader, tag(micro, node, true));
      for (std::size_t port = 0; port < sums.size(); ++port)
        if (back[port]) sums[port] = sums[port] ? add(sums[port], back[port]) : back[port];
    }
    for (std::size_t port = 0; port < sums.size(); ++port)
      if (sums[port]) roots.push_back(outputs[port]), slopes.push_back(sums[port]);
  }
  host::backward(roots, slopes);
  for (const auto& [node, rank] : step.fetched) {
    const std::vector<Tensor>& received = here.values.outputs.at(node);
    if (!is_recorded(received)) continue;
    std::vector<Tensor> back;
    for (const Tensor& tensor : received) back.push_back(tensor ? gradient(tensor) : Tensor());
    ranks_.send(back, rank, tag(micro, node, true));
  }
}

/// A weight that nodes of several ranks use has a gradient on each of them.
void PipelinedObjective::move_gradients_to_owners(
    const std::vector<NamedTensor>& parameters) const {
  std::vector<double> here;
  for (const NamedTensor& parameter : parameters)
    here.push_back(gradient(parameter.tensor) ? 1.0 : 0.0);
  const std::vector<double> everywhere = ranks_.table(here);
  std::vector<Tensor> shared;
  std::vector<int> owners;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto owner = owners_.find(parameters[i].path);
    if (owner == owners_.end()) continue;  // it is not trained
    for (int rank = 0; rank < ranks_.size(); ++rank)
      if (rank != owner->second &&
          everywhere[static_cast<std::size_t>(rank) * here.size() + i] != 0.0) {
        shared.push_back(parameters[i].tensor);
        owners.push_back(owner->second);
        break;
      }
  }
  ranks_.sum_gradients_to_owners(shared, owners);
}

/// Each number is told by the rank that has it.
std::map<std::string, double> PipelinedObjective::read(const std::vector<std::vector<Tensor>>& told,
                                                       const std::vector<double>& weights) const {
  std::vector<Tensor> there;
  for (const std::vector<Tensor>& micro : told)
    for (const Tensor& one : micro)
      if (one) there.push_back(one);
  const std::vector<double> numbers = items(there);
  std::vector<double> own;
  auto next = numbers.begin();
  for (const std::vector<Tensor>& micro : told)
    for (const Tensor& one : micro) own.push_back(one ? *next++ : 0.0);
  const std::vector<double> all = ranks_.table(own);
  std::map<std::string, double> means{{"total", 0.0}};
  for (std::size_t i = 0; i < own.size(); i += 2) {
    const std::size_t t = i / 2 % weights.size();
    if (weights[t] == 0.0) continue;
    const Objective::Term& term = objective_.terms()[t];
    const std::size_t there_at = static_cast<std::size_t>(rank_of_.at(term.node)) * own.size() + i;
    means[term.name] += all[there_at] / weights[t];
    means["total"] += all[there_at + 1];
  }
  return means;
}

std::map<std::string, double> PipelinedObjective::backward(const std::vector<TensorMap>& micro,
                                                           const CallOptions& options,
                                                           std::int64_t number,
                                                           double scale) const {
  Step step{micro, options, number, scale, objective_.count(micro, options), {}, {}, {}};
  std::vector<std::size_t> targets;
  for (std::size_t t = 0; t < objective_.terms().size(); ++t)
    if (step.weights[t] != 0.0) targets.push_back(objective_.terms()[t].node);
  for (const std::size_t node : model_.wiring().needed(targets)) {
    if (is_own(node)) step.nodes.push_back(node);
    for (const std::size_t read : read_by(node)) {
      if (is_own(node) && !is_own(read)) step.fetched[read] = rank_of_.at(read);
      if (!is_own(node) && is_own(read)) step.readers[read].insert(rank_of_.at(node));
    }
  }
  std::vector<Tensor> parameters;
  for (const NamedTensor& parameter : model_.parameters()) parameters.push_back(parameter.tensor);
  GradientTree gradients(parameters);
  std::map<std::size_t, MicroBatch> alive;
  std::vector<std::vector<Tensor>> told(micro.size());
  for (const int task :
       one_forward_one_backward(ranks_.rank(), ranks_.size(), static_cast<int>(micro.size()))) {
    const auto index = static_cast<std::size_t>(std::abs(task)) - 1;
    if (task > 0) {
      alive[index] = forward(step, index);
      told[index] = alive[index].told;
      continue;
    }
    backward(step, index, alive.at(index));
    alive.erase(index);
    gradients.add();
  }
  ranks_.sent();
  gradients.finish();
  move_gradients_to_owners(model_.parameters());
  return read(told, step.weights);
}

}  // namespace weft::host
