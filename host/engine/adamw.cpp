// SPDX-License-Identifier: Apache-2.0
/// AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019).
///
///   m ← β₁m + (1 − β₁)g          m̂ = m / (1 − β₁ᵗ)
///   v ← β₂v + (1 − β₂)g²         v̂ = v / (1 − β₂ᵗ)
///   θ ← θ − η(m̂ / (√v̂ + ε) + λθ)
///
/// where t counts the steps of each parameter on its own.

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "host/engine/update_rule.hpp"

namespace weft::host {
namespace {

class AdamW final : public Update {
 public:
  explicit AdamW(const Settings& settings)
      : beta1_(settings.at("beta1")), beta2_(settings.at("beta2")), eps_(settings.at("eps")) {}

  std::vector<std::string> state_names() const override {
    return {"exp_avg", "exp_avg_sq", "step"};
  }
  std::vector<at::Tensor> fresh_state(const at::Tensor& parameter) const override {
    return {at::zeros_like(parameter), at::zeros_like(parameter),
            at::zeros({}, parameter.options().dtype(at::kFloat).requires_grad(false))};
  }
  void step(const std::vector<OptimizerSlot*>& slots, double rate,
            double weight_decay) const override {
    std::vector<at::Tensor> parameters, gradients, exp_avgs, exp_avg_sqs, steps;
    for (OptimizerSlot* slot : slots) {
      slot->state[2].add_(1);
      parameters.push_back(slot->parameter);
      // The fused kernel runs over raw memory.
      gradients.push_back(slot->parameter.grad().contiguous());
      exp_avgs.push_back(slot->state[0]);
      exp_avg_sqs.push_back(slot->state[1]);
      steps.push_back(slot->state[2]);
    }
    at::_fused_adamw_(parameters, gradients, exp_avgs, exp_avg_sqs, /*max_exp_avg_sqs=*/{}, steps,
                      rate, beta1_, beta2_, weight_decay, eps_, /*amsgrad=*/false,
                      /*maximize=*/false);
  }

 private:
  const double beta1_, beta2_, eps_;
};

}  // namespace

std::unique_ptr<Update> make_adamw(const Settings& settings) {
  return std::make_unique<AdamW>(settings);
}

}  // namespace weft::host
