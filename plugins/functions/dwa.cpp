// SPDX-License-Identifier: Apache-2.0
/// Dynamic weight average: a loss that falls slower than the others weighs more.
///
///   q_t = L_t(n − 1) / L_t(n − 2),   w_t = T exp(q_t / τ) / Σ_s exp(q_s / τ)
///
/// L(n) is the mean over the n-th window of `window` steps, the paper's epoch. In the first two
/// windows every scale is exactly 1.
///
/// Shapes  loss [T]; scale [1, T], for one group.
/// Source  Liu et al. 2019, arXiv:1803.10704, equation 7.

#include <weft/plugin.hpp>

namespace weft {
namespace {

const Operation remainder =
    operation("aten::remainder", "Scalar", "remainder.Scalar(Tensor self, Scalar other) -> Tensor");

class Dwa final : public Function {
 public:
  static constexpr Identity identity{"function.dwa", "1.0.0",
                                     "Weighs losses by how slowly they fall."};

  struct Config {
    std::int64_t losses = 2, window = 100;
    double temperature = 2.0;

    void describe(Fields& fields) {
      fields.add("losses", losses, "T, how many losses there are.")
          .at_least(1)
          .from_wire("loss", 0);
      fields.add("window", window, "Steps over which losses are averaged.").at_least(1);
      fields.add("temperature", temperature, "τ; large ones make all weights equal.").above(0.0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("T", config.losses);
    ports.size("G", 1);
    ports.input("loss", "[T]", "The losses: grad.loss.");
    ports.output("scale", "[G, T]", "Of each loss's gradient.");
  }

  Dwa(const Config& config, const Parameters& parameters)
      : losses_(config.losses),
        window_(static_cast<double>(config.window)),
        temperature_(config.temperature),
        last_(parameters.buffer("last", {losses_}, Init::zeros())),
        before_(parameters.buffer("before", {losses_}, Init::zeros())),
        sum_(parameters.buffer("sum", {losses_}, Init::zeros())),
        steps_(parameters.buffer("steps", {}, Init::zeros())),
        values_(parameters.accumulator("losses", {losses_})) {
    parameters.after_step([this](auto...) { move(); });
  }

  Outputs forward(const Inputs& in) const override {
    values_.add(detach(in["loss"]));
    const Tensor last = last_.tensor().to(WEFT_DTYPE_FLOAT64);
    const Tensor slow = last / clamp_min(before_.tensor().to(WEFT_DTYPE_FLOAT64), 1e-12);
    const Tensor weights = static_cast<double>(losses_) * softmax(slow / temperature_, -1);
    const Tensor is_known = at_least(steps_.tensor(), 2.0 * window_);
    const Tensor scale = where(is_known, weights, full_like(weights, 1.0));
    return {{"scale", scale.unsqueeze(0).to(in["loss"].dtype())}};
  }

 private:
  void move() const {
    const Tensor steps = steps_.tensor() + 1.0;
    const Tensor sum = sum_.tensor().to(WEFT_DTYPE_FLOAT64) + values_.tensor();
    // Steps are counted in float32, exactly up to 16 million.
    const Tensor is_whole = equal(remainder(steps, window_), 0.0);
    last_.set(where(is_whole, sum / window_, last_.tensor().to(WEFT_DTYPE_FLOAT64)));
    before_.set(where(is_whole, last_.tensor(), before_.tensor()));
    sum_.set(where(is_whole, sum * 0.0, sum));
    steps_.set(steps);
  }

  std::int64_t losses_;
  double window_, temperature_;
  Buffer last_, before_, sum_, steps_;
  Accumulator values_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Dwa)
