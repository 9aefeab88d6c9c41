// SPDX-License-Identifier: Apache-2.0
/// Moves the parameters of a stage: each group by its rule, at the learning rate of the step.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/engine/optimizer.hpp"
#include "host/optim/groups.hpp"

namespace weft::host::optim {

class StageOptimizer {
 public:
  StageOptimizer(const StagePlan& stage, const Model& model);

  /// Moves what has a gradient.
  /// @param step  of the stage, from 0
  void step(std::int64_t step);

  /// The stage's learning rate at a step, before the groups' factors.
  double rate(std::int64_t step) const;

  /// Multiplies every learning rate from now on; 1 at first.
  void set_factor(double factor) { factor_ = factor; }

  const std::vector<ParameterGroup>& groups() const { return groups_; }

  /// Optimizer::state() and Optimizer::load(); the factor is not part of it.
  std::map<std::string, Array> state() const { return optimizer_.state(); }
  void load(const std::map<std::string, Array>& state) { optimizer_.load(state); }

 private:
  const StagePlan& stage_;
  std::vector<ParameterGroup> groups_;
  Optimizer optimizer_;
  double factor_ = 1.0;
};

}  // namespace weft::host::optim
