// SPDX-License-Identifier: Apache-2.0
/// The AdamW optimiser (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019).
///
///   m ← β₁m + (1 − β₁)g          m̂ = m / (1 − β₁ᵗ)
///   v ← β₂v + (1 − β₂)g²         v̂ = v / (1 − β₂ᵗ)
///   θ ← θ − η(m̂ / (√v̂ + ε) + λθ)
///
/// where t counts the steps of each parameter on its own and λ is 0 for those without decay.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/base/array.hpp"
#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// The learning rate η is not here: it changes from step to step.
struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;
};

/// A parameter that the optimiser moves.
struct OptimizerParameter {
  std::string path;  ///< its name in state(); unique
  Tensor tensor;
  bool decay = true;
};

class WEFT_ENGINE_API AdamW {
 public:
  AdamW(std::vector<OptimizerParameter> parameters, const AdamWOptions& options);
  ~AdamW();
  AdamW(AdamW&&) noexcept;
  AdamW& operator=(AdamW&&) noexcept;

  /// One step with learning rate `rate`. A parameter without gradient is left alone: neither moved
  /// nor decayed, and its t stays.
  void step(double rate);

  /// Copies of "<path>.exp_avg" (m), "<path>.exp_avg_sq" (v) and "<path>.step" (t, a float32
  /// scalar), for the parameters that were stepped.
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
