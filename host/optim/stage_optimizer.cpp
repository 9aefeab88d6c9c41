// SPDX-License-Identifier: Apache-2.0
#include "host/optim/stage_optimizer.hpp"

#include "host/optim/schedule.hpp"

namespace weft::host::optim {
namespace {

std::vector<OptimizerGroup> engine_groups(const std::vector<ParameterGroup>& groups) {
  std::vector<OptimizerGroup> all;
  for (const ParameterGroup& group : groups) {
    OptimizerGroup& one = all.emplace_back();
    one.rule = {group.rule.use, group.rule.settings};
    one.weight_decay = group.rule.weight_decay;
    for (const NamedTensor& parameter : group.parameters)
      one.parameters.push_back({parameter.path, parameter.tensor});
  }
  return all;
}

}  // namespace

StageOptimizer::StageOptimizer(const StagePlan& stage, const Model& model)
    : stage_(stage), groups_(groups_of(stage, model)), optimizer_(engine_groups(groups_)) {}

void StageOptimizer::step(std::int64_t step) {
  std::vector<double> rates;
  for (const ParameterGroup& group : groups_)
    rates.push_back(learning_rate(stage_.schedule, group.rule.lr, stage_.steps, step) *
                    group.lr_mult * factor_);
  optimizer_.step(rates);
}

double StageOptimizer::rate(std::int64_t step) const {
  return learning_rate(stage_.schedule, stage_.optimizer.lr, stage_.steps, step) * factor_;
}

}  // namespace weft::host::optim
