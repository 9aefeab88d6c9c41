// SPDX-License-Identifier: Apache-2.0
/// Weights of losses by their learned uncertainty σ_t.
///
///   minimise over s:  Σ_t ½ exp(−s_t) L_t + ½ s_t,   s_t = log σ_t²
///   s_t ← s_t − lr (½ − ½ exp(−s_t) L_t)
///
/// The scale of a loss's gradient is exp(−s_t), so that it is exactly 1 at first: the factor ½
/// belongs to the learning rate of the model.
///
/// Shapes  loss [T]; scale [1, T], for one group.
/// Source  Kendall et al. 2018, arXiv:1705.07115, equation 7.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Uncertainty final : public Function {
 public:
  static constexpr Identity identity{"function.uncertainty", "1.0.0",
                                     "Weighs losses by their learned uncertainty."};

  struct Config {
    std::int64_t losses = 2;
    double lr = 0.01;

    void describe(Fields& fields) {
      fields.add("losses", losses, "T, how many losses there are.")
          .at_least(1)
          .from_wire("loss", 0);
      fields.add("lr", lr, "Step of s; 0 switches it off.").at_least(0.0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("T", config.losses);
    ports.size("G", 1);
    ports.input("loss", "[T]", "The losses: grad.loss.");
    ports.output("scale", "[G, T]", "Of each loss's gradient.");
  }

  Uncertainty(const Config& config, const Parameters& parameters)
      : losses_(config.losses),
        s_(parameters.buffer("s", {losses_}, Init::zeros())),
        values_(parameters.accumulator("losses", {losses_})) {
    parameters.after_step([s = s_, values = values_, lr = config.lr](auto...) {
      const Tensor before = s.tensor().to(WEFT_DTYPE_FLOAT64);
      s.set(before - lr * (0.5 - 0.5 * exp(-before) * values.tensor()));
    });
  }

  Outputs forward(const Inputs& in) const override {
    values_.add(detach(in["loss"]));
    const Tensor scale = exp(-s_.tensor().to(WEFT_DTYPE_FLOAT64)).unsqueeze(0);
    return {{"scale", scale.to(in["loss"].dtype())}};
  }

 private:
  std::int64_t losses_;
  Buffer s_;
  Accumulator values_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Uncertainty)
