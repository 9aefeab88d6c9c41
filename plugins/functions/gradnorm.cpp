// SPDX-License-Identifier: Apache-2.0
/// GradNorm: weights of losses that learn to bring all losses down at one pace.
///
///   G_t = w_t ‖∇ L_t‖,   r_t = (L_t / L_t(0)) / mean_s (L_s / L_s(0)),   target_t = mean_s G_s ·
///   r_t^α w ← w − lr ∂/∂w Σ_t |G_t − target_t|      targets held constant w ← T w / Σ w,   no
///   weight below 10⁻⁴
///
/// Norms are taken over all groups together. The weights of a step follow from the steps before it;
/// they begin with 1. With lr = 0 every scale is exactly 1.
///
/// Shapes  gram [G, T, T], loss [T]; scale w_t [G, T].
/// Source  Chen et al. 2018, arXiv:1711.02257, algorithm 1.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class GradNorm final : public Function {
 public:
  static constexpr Identity identity{"function.gradnorm", "1.0.0",
                                     "Weighs losses so that all fall at one pace."};

  struct Config {
    std::int64_t losses = 2;
    double alpha = 1.5, lr = 0.025;

    void describe(Fields& fields) {
      fields.add("losses", losses, "T, how many losses there are.")
          .at_least(1)
          .from_wire("loss", 0);
      fields.add("alpha", alpha, "Strength α with which slow losses are sped up.").at_least(0.0);
      fields.add("lr", lr, "Step of the weights; 0 switches it off.").at_least(0.0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("T", config.losses);
    ports.input("gram", "[G, T, T]", "Products of the losses' gradients: grad.gram.");
    ports.input("loss", "[T]", "The losses: grad.loss.");
    ports.output("scale", "[G, T]", "Of each loss's gradient.");
  }

  GradNorm(const Config& config, const Parameters& parameters)
      : losses_(config.losses),
        alpha_(config.alpha),
        lr_(config.lr),
        weights_(parameters.buffer("weights", {losses_}, Init::constant(1.0))),
        first_(parameters.buffer("first", {losses_}, Init::zeros())),
        steps_(parameters.buffer("steps", {}, Init::zeros())),
        norms_(parameters.accumulator("norms", {losses_})),
        values_(parameters.accumulator("losses", {losses_})) {
    parameters.after_step([this](auto...) { move(); });
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor gram = detach(in["gram"]).to(WEFT_DTYPE_FLOAT64);
    std::vector<Tensor> squares;
    for (std::int64_t t = 0; t < losses_; ++t)
      squares.push_back(sum(gram.select(1, t).select(1, t)));
    norms_.add(sqrt(clamp_min(stack(squares, 0), 0.0)));
    values_.add(detach(in["loss"]));
    const Tensor scale = gram.select(1, 0) * 0.0 + weights_.tensor().to(WEFT_DTYPE_FLOAT64);
    return {{"scale", scale.to(in["gram"].dtype())}};
  }

 private:
  void move() const {
    const Tensor before = weights_.tensor().to(WEFT_DTYPE_FLOAT64);
    const Tensor started = greater(steps_.tensor(), 0.0);
    const Tensor first = where(started, first_.tensor().to(WEFT_DTYPE_FLOAT64), values_.tensor());
    const Tensor norms = norms_.tensor(), weighted = before * norms;
    const Tensor fallen = values_.tensor() / clamp_min(first, 1e-12);
    const Tensor pace = clamp_min(fallen / clamp_min(mean(fallen, {}), 1e-12), 1e-12);
    const Tensor target = mean(weighted, {}) * pow(pace, alpha_);
    const Tensor ahead = greater(weighted, target).to(WEFT_DTYPE_FLOAT64);
    const Tensor behind = less(weighted, target).to(WEFT_DTYPE_FLOAT64);
    const Tensor moved = clamp_min(before - lr_ * (ahead - behind) * norms, 1e-4);
    weights_.set(moved * (static_cast<double>(losses_) / sum(moved)));
    first_.set(first);
    steps_.set(steps_.tensor() + 1.0);
  }

  std::int64_t losses_;
  double alpha_, lr_;
  Buffer weights_, first_, steps_;
  Accumulator norms_, values_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::GradNorm)
