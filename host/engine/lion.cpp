// SPDX-License-Identifier: Apache-2.0
/// Lion (Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023).
///
///   c = β₁m + (1 − β₁)g
///   θ ← θ − η(sign(c) + λθ)
///   m ← β₂m + (1 − β₂)g

#include <ATen/ops/zeros_like.h>

#include "host/engine/update_rule.hpp"

namespace weft::host {
namespace {

class Lion final : public Update {
 public:
  explicit Lion(const Settings& settings)
      : beta1_(settings.at("beta1")), beta2_(settings.at("beta2")) {}

  std::vector<std::string> state_names() const override { return {"exp_avg"}; }
  std::vector<at::Tensor> fresh_state(const at::Tensor& parameter) const override {
    return {at::zeros_like(parameter)};
  }
  void step(const std::vector<OptimizerSlot*>& slots, double rate,
            double weight_decay) const override {
    for (OptimizerSlot* slot : slots) {
      const at::Tensor& gradient = slot->parameter.grad();
      at::Tensor& mean = slot->state[0];
      const at::Tensor direction = mean.mul(beta1_).add_(gradient, 1.0 - beta1_).sign_();
      slot->parameter.mul_(1.0 - rate * weight_decay).add_(direction, -rate);
      mean.mul_(beta2_).add_(gradient, 1.0 - beta2_);
    }
  }

 private:
  const double beta1_, beta2_;
};

}  // namespace

std::unique_ptr<Update> make_lion(const Settings& settings) {
  return std::make_unique<Lion>(settings);
}

}  // namespace weft::host
