// SPDX-License-Identifier: Apache-2.0
#include "host/optim/stage_optimizer.hpp"

#include <algorithm>

#include "host/engine/comm/shared_arrays.hpp"
#include "host/optim/schedule.hpp"

namespace weft::host::optim {
namespace {

std::int64_t numbers_in(const Tensor& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t size : tensor.sizes()) count *= size;
  return count;
}

/// Those that the rank moves.
std::vector<OptimizerGroup> engine_groups(const std::vector<ParameterGroup>& groups,
                                          const Owners& owners, int rank) {
  std::vector<OptimizerGroup> all;
  for (const ParameterGroup& group : groups) {
    OptimizerGroup& one = all.emplace_back();
    one.rule = {group.rule.use, group.rule.settings};
    one.weight_decay = group.rule.weight_decay;
    for (const NamedTensor& parameter : group.parameters)
      if (owners.empty() || owners.at(parameter.path) == rank)
        one.parameters.push_back({parameter.path, parameter.tensor});
  }
  return all;
}

std::vector<NamedTensor> parameters_of(const std::vector<ParameterGroup>& groups) {
  std::vector<NamedTensor> all;
  for (const ParameterGroup& group : groups)
    all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  return all;
}

}  // namespace

Owners owners_of(std::vector<NamedTensor> parameters, int ranks) {
  std::ranges::stable_sort(parameters, std::greater<>(), [](const NamedTensor& parameter) {
    return numbers_in(parameter.tensor);
  });
  Owners owners;
  std::vector<std::int64_t> held(static_cast<std::size_t>(ranks), 0);
  for (const NamedTensor& parameter : parameters) {
    const auto least = std::ranges::min_element(held);
    *least += numbers_in(parameter.tensor);
    owners[parameter.path] = static_cast<int>(least - held.begin());
  }
  return owners;
}

Owners StageOptimizer::owners_of_all(const Model& model) const {
  std::vector<NamedTensor> still;
  for (const NamedTensor& parameter : model.parameters())
    if (!owners_.contains(parameter.path)) still.push_back(parameter);
  Owners owners = owners_of(std::move(still), ranks_.size());
  owners.insert(owners_.begin(), owners_.end());
  return owners;
}

StageOptimizer::StageOptimizer(const StagePlan& stage, const Model& model, const Sharing& sharing)
    : stage_(stage),
      ranks_(sharing.ranks),
      groups_(groups_of(stage, model)),
      owners_(!sharing.owners.empty() ? sharing.owners
              : sharing.shards(Sharded::optimizer)
                  ? owners_of(parameters_of(groups_), ranks_.size())
                  : Owners{}),
      spreads_(sharing.shards(Sharded::optimizer) && !sharing.shards(Sharded::parameters)),
      optimizer_(engine_groups(groups_, owners_, ranks_.rank())) {}

void StageOptimizer::step(std::int64_t step) {
  std::vector<double> rates;
  for (const ParameterGroup& group : groups_)
    rates.push_back(learning_rate(stage_.schedule, group.rule.lr, stage_.steps, step) *
                    group.lr_mult * factor_);
  optimizer_.step(rates);
  if (!spreads_) return;
  std::vector<Tensor> moved;
  std::vector<int> owners;
  for (const NamedTensor& parameter : parameters_of(groups_)) {
    moved.push_back(parameter.tensor);
    owners.push_back(owners_.at(parameter.path));
  }
  ranks_.spread(moved, owners);
}

double StageOptimizer::rate(std::int64_t step) const {
  return learning_rate(stage_.schedule, stage_.optimizer.lr, stage_.steps, step) * factor_;
}

std::map<std::string, Array> StageOptimizer::state() const {
  if (owners_.empty()) return optimizer_.state();
  std::map<std::string, Array> all;
  for (NamedArrays& part : arrays_of_all(ranks_, optimizer_.state())) all.merge(part);
  return all;
}

void StageOptimizer::load(const std::map<std::string, Array>& state) {
  std::map<std::string, Array> kept = state;
  std::erase_if(kept, [&](const auto& named) {  // "<path>.exp_avg"
    const auto owner = owners_.find(named.first.substr(0, named.first.rfind('.')));
    return owner != owners_.end() && owner->second != ranks_.rank();
  });
  optimizer_.load(kept);
}

std::size_t StageOptimizer::kept_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [name, array] : optimizer_.state()) bytes += array.byte_count();
  return bytes;
}

}  // namespace weft::host::optim
