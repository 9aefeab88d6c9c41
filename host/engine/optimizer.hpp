// SPDX-License-Identifier: Apache-2.0
/// Optimisers: each group of parameters is moved by one rule. The rules' equations stand in
/// adamw.cpp, lion.cpp, muon.cpp and sgd.cpp; θ is there a parameter, g its gradient, η the
/// learning rate of the step and λ the group's weight decay.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// "adamw" with beta1, beta2 and eps; "lion" with beta1 and beta2; "muon" with momentum, nesterov
/// (0 or 1) and iterations, for matrices only; "sgd" with momentum and nesterov.
struct UpdateRule {
  std::string name;
  std::map<std::string, double> settings;  ///< all of them
};

/// A parameter that the optimiser moves.
struct OptimizerParameter {
  std::string path;  ///< its name in state(); unique among all groups
  Tensor tensor;
};

struct OptimizerGroup {
  UpdateRule rule;
  double weight_decay = 0.0;
  std::vector<OptimizerParameter> parameters;
};

class WEFT_ENGINE_API Optimizer {
 public:
  /// @throws Error (failed) naming a parameter that its rule cannot move, or a rule that there is
  ///         not
  explicit Optimizer(const std::vector<OptimizerGroup>& groups);
  ~Optimizer();
  Optimizer(Optimizer&&) noexcept;
  Optimizer& operator=(Optimizer&&) noexcept;

  /// One step. A parameter without gradient is left alone: neither moved nor decayed, and its
  /// state stays.
  /// @param rates  the learning rate of each group
  void step(const std::vector<double>& rates);

  /// Copies of what the rules keep, for the parameters that were stepped: of AdamW
  /// "<path>.exp_avg" (m), "<path>.exp_avg_sq" (v) and "<path>.step" (t, a float32 scalar), of Lion
  /// "<path>.exp_avg" (m), of Muon and SGD "<path>.momentum_buffer" (b).
  std::map<std::string, Array> state() const;
  /// Puts back what state() gave. A parameter of which `state` says nothing starts anew.
  /// @throws Error (bad_checkpoint) for an unknown name, a missing part or another shape; the
  ///         optimiser is then unchanged
  void load(const std::map<std::string, Array>& state);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace weft::host
