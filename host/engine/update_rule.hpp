// SPDX-License-Identifier: Apache-2.0
/// How one rule moves parameters. Internal to host/engine.

#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/engine/optimizer.hpp"

namespace weft::host {

/// A parameter with what its rule keeps; that is empty until its first step.
struct OptimizerSlot {
  std::string path;
  at::Tensor parameter;
  std::vector<at::Tensor> state;  ///< in the order of Update::state_names()
};

class Update {
 public:
  virtual ~Update() = default;
  /// What the rule moves, "matrices", where that is not everything and `parameter` is none.
  virtual std::string refusal(const at::Tensor& /*parameter*/) const { return ""; }
  /// Endings of the names in Optimizer::state().
  virtual std::vector<std::string> state_names() const = 0;
  /// What is kept of a parameter before its first step.
  virtual std::vector<at::Tensor> fresh_state(const at::Tensor& parameter) const = 0;
  /// Moves the slots, all of which have a gradient and a state. Nothing is recorded.
  virtual void step(const std::vector<OptimizerSlot*>& slots, double rate,
                    double weight_decay) const = 0;
};

using Settings = std::map<std::string, double>;

}  // namespace weft::host
