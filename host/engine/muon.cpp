// SPDX-License-Identifier: Apache-2.0
/// Muon (Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024), as
/// torch.optim.Muon has it, but at the parameter's own precision. For matrices [n, m].
///
///   b ← μb + (1 − μ)g            u = b, or with Nesterov (1 − μ)g + μb
///   X ← u / max(‖u‖, 1e-7), then `iterations` times X ← aX + (bA + cA²)X with A = XXᵀ
///   θ ← θ − ηλθ − η √max(1, n / m) X
///
/// with (a, b, c) = (3.4445, −4.7750, 2.0315): X nears the orthogonal factor UVᵀ of u = UΣVᵀ.

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

#include "host/engine/update_rule.hpp"

namespace weft::host {
namespace {

/// The Newton-Schulz iteration of the quintic polynomial. Wide matrices have the smaller XXᵀ, so
/// that tall ones are turned first.
at::Tensor orthogonalized(const at::Tensor& matrix, std::int64_t iterations) {
  constexpr double a = 3.4445, b = -4.7750, c = 2.0315;
  const bool is_tall = matrix.size(0) > matrix.size(1);
  at::Tensor x = is_tall ? matrix.t() : matrix;
  x = x.div(at::linalg_vector_norm(x, 2).clamp_min(1e-7));
  for (std::int64_t i = 0; i < iterations; ++i) {
    const at::Tensor gram = at::matmul(x, x.t());
    const at::Tensor polynomial = gram.mul(b).add_(at::matmul(gram, gram), c);
    x = x.mul(a).add_(at::matmul(polynomial, x));
  }
  return is_tall ? x.t() : x;
}

class Muon final : public Update {
 public:
  explicit Muon(const Settings& settings)
      : momentum_(settings.at("momentum")),
        nesterov_(settings.at("nesterov") != 0.0),
        iterations_(static_cast<std::int64_t>(settings.at("iterations"))) {}

  std::string refusal(const at::Tensor& parameter) const override {
    return parameter.dim() == 2 ? "" : "matrices";
  }

  std::vector<std::string> state_names() const override { return {"momentum_buffer"}; }
  std::vector<at::Tensor> fresh_state(const at::Tensor& parameter) const override {
    return {at::zeros_like(parameter)};
  }
  void step(const std::vector<OptimizerSlot*>& slots, double rate,
            double weight_decay) const override {
    for (OptimizerSlot* slot : slots) {
      const at::Tensor& gradient = slot->parameter.grad();
      at::Tensor& momentum = slot->state[0];
      momentum.mul_(momentum_).add_(gradient, 1.0 - momentum_);
      const at::Tensor update =
          nesterov_ ? gradient.mul(1.0 - momentum_).add_(momentum, momentum_) : momentum;
      const double shape = std::sqrt(
          std::max(1.0, static_cast<double>(update.size(0)) / static_cast<double>(update.size(1))));
      slot->parameter.mul_(1.0 - rate * weight_decay)
          .add_(orthogonalized(update, iterations_), -rate * shape);
    }
  }

 private:
  const double momentum_;
  const bool nesterov_;
  const std::int64_t iterations_;
};

}  // namespace

std::unique_ptr<Update> make_muon(const Settings& settings) {
  return std::make_unique<Muon>(settings);
}

}  // namespace weft::host
