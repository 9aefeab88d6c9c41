// SPDX-License-Identifier: Apache-2.0
/// Moves the parameters of a stage: each group by its rule, at the learning rate of the step.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/engine/optimizer.hpp"
#include "host/optim/groups.hpp"
#include "host/optim/sharing.hpp"

namespace weft::host::optim {

/// Path → rank.
using Owners = std::map<std::string, int>;

/// The rank that keeps what there is of each parameter, and moves it (ZeRO; Rajbhandari et al.,
/// "ZeRO: Memory optimizations toward training trillion parameter models", 2020). Whole parameters:
/// the largest first, each to the rank that has the least, so that no rank has more than its share
/// and one parameter.
Owners owners_of(std::vector<NamedTensor> parameters, int ranks);

class StageOptimizer {
 public:
  /// @param sharing  with ranks that hold the same weights and gradients
  StageOptimizer(const StagePlan& stage, const Model& model, const Sharing& sharing = {});

  /// Moves what has a gradient, on all ranks to the same bits.
  /// @param step  of the stage, from 0
  void step(std::int64_t step);

  /// The stage's learning rate at a step, before the groups' factors.
  double rate(std::int64_t step) const;

  /// Multiplies every learning rate from now on; 1 at first.
  void set_factor(double factor) { factor_ = factor; }

  const std::vector<ParameterGroup>& groups() const { return groups_; }

  /// Of what the groups hold; empty where each rank keeps everything.
  const Owners& owners() const { return owners_; }
  /// And of what the stage does not train.
  Owners owners_of_all(const Model& model) const;

  /// Optimizer::state() and Optimizer::load(), of all ranks; the factor is not part of it. Every
  /// rank gets all of the state and is given all of it, whoever keeps which part.
  std::map<std::string, Array> state() const;
  void load(const std::map<std::string, Array>& state);
  /// What this rank keeps of it.
  std::map<std::string, Array> own_state() const { return optimizer_.state(); }
  /// Bytes that this rank keeps of it.
  std::size_t kept_bytes() const;

 private:
  const StagePlan& stage_;
  Collective& ranks_;
  std::vector<ParameterGroup> groups_;
  const Owners owners_;
  const bool spreads_;  // all ranks have all parameters
  Optimizer optimizer_;
  double factor_ = 1.0;
};

}  // namespace weft::host::optim
