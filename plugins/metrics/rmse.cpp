// SPDX-License-Identifier: Apache-2.0
/// Root mean squared error of regression.
///
///   rmse = √( Σ (prediction − target)² / N )
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

class RootMeanSquaredError final : public Metric {
 public:
  static constexpr Identity identity{"metric.rmse", "1.0.0",
                                     "Root of the mean squared distance from the targets."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("prediction", "[..., n]", "What the model says.");
    ports.input("target", "[..., n]", "What came.");
    ports.mask_input("mask", "[...]", "target");
    ports.present_input();
    ports.output("rmse", "[]", "In the target's unit.");
  }
  static void states(States& states, const Config&) {
    states.sum("error");
    states.sum("total");
  }

  RootMeanSquaredError(const Config&, const Parameters&) {}

  void update(const Inputs& in, State& state) const override {
    const Tensor target = in["target"].to(WEFT_DTYPE_FLOAT64);
    const Tensor counted = counted_places(target, in["mask"], in["present"]);
    const Tensor d = counted_difference(in["prediction"].to(WEFT_DTYPE_FLOAT64), target, counted);
    state.add("error", sum(d * d));
    state.add("total", sum(counted).to(WEFT_DTYPE_FLOAT64) * static_cast<double>(target.size(-1)));
  }

  Outputs compute(const State& state) const override {
    return {{"rmse", sqrt(state["error"] / state["total"])}};
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::RootMeanSquaredError)
