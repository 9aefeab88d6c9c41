// SPDX-License-Identifier: Apache-2.0
/// Balanced accuracy: the mean of the classes' recalls.
///
///   balanced_accuracy = mean over classes c that came of  #{y_b = c, argmax_v logits_b(v) = c} /
///   #{y_b = c}
///
/// A guess gets 1 / V however often each class comes. Rows that are not present do not count. Of
/// equal scores the first counts as the largest.
///
/// Shapes  logits [B, V], target [B] int64, present [B] bool; balanced_accuracy []. No row: NaN.
/// Source  scikit-learn's balanced_accuracy_score.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class BalancedAccuracy final : public Metric {
 public:
  static constexpr Identity identity{"metric.balanced_accuracy", "1.0.0",
                                     "Mean of the classes' recalls."};

  struct Config {
    std::int64_t classes = 2;

    void describe(Fields& fields) {
      fields.add("classes", classes, "Number V of classes.").at_least(1).from_classes("target");
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("V", config.classes);
    ports.input("logits", "[B, V]", "Scores of the classes.");
    ports.input("target", "[B]", "The class that came.", WEFT_DTYPES_INDEX);
    ports.present_input();
    ports.output("balanced_accuracy", "[]", "Between 0 and 1.");
  }
  static void states(States& states, const Config& config) {
    states.sum("hits", {config.classes});
    states.sum("seen", {config.classes});
  }

  BalancedAccuracy(const Config&, const Parameters&) {}

  void update(const Inputs& in, State& state) const override {
    Tensor target = in["target"], predicted = argmax(in["logits"], -1);
    if (const Tensor present = in["present"]) {
      const Tensor rows = nonzero(present).reshape({-1});
      target = index_select(target, 0, rows);
      predicted = index_select(predicted, 0, rows);
    }
    const Tensor hit = equal(predicted, target).to(WEFT_DTYPE_FLOAT64);  // [rows]
    state.set("hits", index_add(state["hits"], 0, target, hit));
    state.set("seen", index_add(state["seen"], 0, target, full_like(hit, 1.0)));
  }

  Outputs compute(const State& state) const override {
    const Tensor seen = state["seen"];  // [V]
    const Tensor came = sum(less(full_like(seen, 0.0), seen)).to(WEFT_DTYPE_FLOAT64);
    return {{"balanced_accuracy", sum(state["hits"] / clamp_min(seen, 1.0)) / came}};
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::BalancedAccuracy)
