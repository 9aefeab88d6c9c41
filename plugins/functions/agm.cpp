// SPDX-License-Identifier: Apache-2.0
/// Adaptive gradient modulation of two modalities: each learns as fast as its share of the answer,
/// measured by leaving it out, keeps to its running mean.
///
///   φ_1 = ½ (F(1, 2) − F(∅, 2) + F(1, ∅)),   φ_2 = ½ (F(1, 2) − F(1, ∅) + F(∅, 2))
///   s_m = mean CE(φ_m, target)
///   r_m = exp(s_n − s_m),   τ_m = exp(ŝ_n − ŝ_m),   n the other one
///   k_m = exp(α min(τ_m − r_m, 10))
///
/// ŝ is the mean of s over all steps so far. With α = 0 every scale is exactly 1. It asks no head
/// of a modality alone, so that it goes with every fusion: F(∅, 2) is the node seen in a view
/// without the first modality.
///
/// Shapes  joint F(1, 2) [B, C]; without: F(∅, 2), then F(1, ∅); target [B]; present [B];
///         scale [2].
/// Source  Li et al. 2023, arXiv:2308.07686, equations 4 to 9.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class Agm final : public Function {
 public:
  static constexpr Identity identity{"function.agm", "1.0.0",
                                     "Holds each modality's share of the answer to its mean."};

  struct Config {
    double alpha = 1.0;

    void describe(Fields& fields) {
      fields.add("alpha", alpha, "Strength α of the modulation; 0 switches it off.").at_least(0.0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.size("M", 2);
    ports.input("joint", "[B, C]", "Class scores of both modalities.");
    ports.input_list("without", "[B, C]", "Class scores without the first, and the second.");
    ports.input("target", "[B]", "The right classes.", WEFT_DTYPES_INDEX);
    ports.present_input();
    ports.output("scale", "[M]", "Of the gradient of each modality.");
  }

  Agm(const Config& config, const Parameters& parameters)
      : alpha_(config.alpha),
        mean_(parameters.buffer("mean", {2}, Init::zeros())),
        steps_(parameters.buffer("steps", {}, Init::zeros())),
        losses_(parameters.accumulator("losses", {2})) {
    if (parameters.wired("without") != 2)
      reject("without",
             "expected the scores without the first and without the second modality, "
             "two wires, found " +
                 std::to_string(parameters.wired("without")));
    parameters.after_step([mean = mean_, steps = steps_, losses = losses_](auto...) {
      const Tensor n = steps.tensor().to(WEFT_DTYPE_FLOAT64) + 1.0;
      const Tensor before = mean.tensor().to(WEFT_DTYPE_FLOAT64);
      mean.set(before + (losses.tensor() - before) / n);
      steps.set(n);
    });
  }

  Outputs forward(const Inputs& in) const override {
    const std::vector<Tensor> without = in.list("without");
    const Tensor joint = wide(in["joint"]), no_first = wide(without[0]),
                 no_second = wide(without[1]);
    const Tensor s = stack(std::vector<Tensor>{loss(0.5 * (joint - no_first + no_second), in),
                                               loss(0.5 * (joint - no_second + no_first), in)},
                           0);
    losses_.add(s);
    const Tensor n = steps_.tensor().to(WEFT_DTYPE_FLOAT64);
    const Tensor before = mean_.tensor().to(WEFT_DTYPE_FLOAT64);
    const Tensor running = before + (s - before) / (n + 1.0);
    const Tensor difference = exp(flip(running, {0}) - running) - exp(flip(s, {0}) - s);
    return {{"scale", exp(alpha_ * clamp_max(difference, 10.0)).to(in["joint"].dtype())}};
  }

 private:
  static Tensor wide(const Tensor& x) { return detach(x).to(WEFT_DTYPE_FLOAT64); }
  static Tensor loss(const Tensor& logits, const Inputs& in) {
    const Targets targets = lay_beside(logits, in["target"], Tensor(), false, -100, in["present"]);
    const Tensor all = negative_log_likelihood(targets, log_softmax(targets.logits, -1));
    return sum(all) / clamp_min(sum(targets.counted).to(WEFT_DTYPE_FLOAT64), 1.0);
  }

  double alpha_;
  Buffer mean_, steps_;
  Accumulator losses_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Agm)
