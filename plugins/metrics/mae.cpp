// SPDX-License-Identifier: Apache-2.0
/// Mean absolute error of regression.
///
///   mae = Σ |prediction − target| / N
///
/// The sum runs over all n numbers of targets whose mask is true and whose row is present, N in
/// all.
///
/// Shapes  prediction [..., n], target [..., n], mask [...], present [B] bool; output []. No
/// target:
///         NaN.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class MeanAbsoluteError final : public Metric {
 public:
  static constexpr Identity identity{"metric.mae", "1.0.0",
                                     "Mean absolute distance of numbers from their targets."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("prediction", "[..., n]", "What the model says.");
    ports.input("target", "[..., n]", "What came.");
    ports.mask_input("mask", "[...]", "target");
    ports.present_input();
    ports.output("mae", "[]", "In the target's unit.");
  }
  static void states(States& states, const Config&) {
    states.sum("error");
    states.sum("total");
  }

  MeanAbsoluteError(const Config&, const Parameters&) {}

  void update(const Inputs& in, State& state) const override {
    const Tensor target = in["target"].to(WEFT_DTYPE_FLOAT64);
    const Tensor counted = counted_places(target, in["mask"], in["present"]);
    const Tensor d = counted_difference(in["prediction"].to(WEFT_DTYPE_FLOAT64), target, counted);
    state.add("error", sum(abs(d)));
    state.add("total", sum(counted).to(WEFT_DTYPE_FLOAT64) * static_cast<double>(target.size(-1)));
  }

  Outputs compute(const State& state) const override {
    return {{"mae", state["error"] / state["total"]}};
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::MeanAbsoluteError)
