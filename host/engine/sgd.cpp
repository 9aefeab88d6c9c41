// SPDX-License-Identifier: Apache-2.0
/// Stochastic gradient descent with momentum (Sutskever et al., "On the importance of
/// initialization and momentum in deep learning", 2013), as torch.optim.SGD has it.
///
///   d = g + λθ
///   b ← μb + d, at the first step b = d
///   θ ← θ − ηb, or with Nesterov θ − η(d + μb)

#include <ATen/ops/zeros_like.h>

#include "host/engine/update_rule.hpp"

namespace weft::host {
namespace {

class Sgd final : public Update {
 public:
  explicit Sgd(const Settings& settings)
      : momentum_(settings.at("momentum")), nesterov_(settings.at("nesterov") != 0.0) {}

  std::vector<std::string> state_names() const override {
    return momentum_ == 0.0 ? std::vector<std::string>{}
                            : std::vector<std::string>{"momentum_buffer"};
  }
  /// Zeros: μ·0 + d is the d that the first step demands.
  std::vector<at::Tensor> fresh_state(const at::Tensor& parameter) const override {
    if (momentum_ == 0.0) return {};
    return {at::zeros_like(parameter)};
  }
  void step(const std::vector<OptimizerSlot*>& slots, double rate,
            double weight_decay) const override {
    for (OptimizerSlot* slot : slots) {
      at::Tensor direction = slot->parameter.grad().add(slot->parameter, weight_decay);
      if (momentum_ != 0.0) {
        at::Tensor& momentum = slot->state[0];
        momentum.mul_(momentum_).add_(direction);
        direction = nesterov_ ? direction.add_(momentum, momentum_) : momentum;
      }
      slot->parameter.add_(direction, -rate);
    }
  }

 private:
  const double momentum_;
  const bool nesterov_;
};

}  // namespace

std::unique_ptr<Update> make_sgd(const Settings& settings) {
  return std::make_unique<Sgd>(settings);
}

}  // namespace weft::host
