// SPDX-License-Identifier: Apache-2.0
/// Golden metric: how sure the scores are, and how often right, about the next token.
///
///   accuracy = share of targets with the largest score
///   spread = variance of the largest probabilities
///
/// It counts in sums and keeps the probabilities in rows, so that it has states of two merge rules.
///
/// Shapes  logits [B, S, V], target [B, S], mask [B, S]; accuracy [], spread [].

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class Confidence final : public Metric {
 public:
  static constexpr Identity identity{"golden/metric.confidence", "1.0.0", "How sure, how right."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, S, V]", "Row t scores the token at t + 1.");
    ports.input("target", "[B, S]", "The tokens.", WEFT_DTYPES_INDEX);
    ports.mask_input("mask", "[B, S]", "target");
    ports.output("accuracy", "[]", "Between 0 and 1.");
    ports.output("spread", "[]", "Variance of the largest probabilities.");
  }
  static void states(States& states, const Config&) {
    states.sum("right");
    states.sum("total");
    states.rows("surest", {});
  }

  Confidence(const Config&, const Parameters&) {}

  void update(const Inputs& in, State& state) const override {
    const Targets targets = lay_beside(in["logits"], in["target"], in["mask"], 1, -100);
    const Tensor best = argmax(targets.logits, -1);
    state.add("right", sum(logical_and(equal(best, targets.target), targets.counted)));
    state.add("total", sum(targets.counted));
    const Tensor largest = gather(softmax(targets.logits, -1), -1, best.unsqueeze(-1));
    const Tensor rows = nonzero(targets.counted.reshape({-1})).reshape({-1});
    const Tensor chosen = index_select(largest.reshape({-1}), 0, rows);
    state.set("surest", concat({state["surest"], chosen.to(WEFT_DTYPE_FLOAT64)}, 0));
  }

  Outputs compute(const State& state) const override {
    const Tensor away = state["surest"] - mean(state["surest"], {0}, true);
    return {{"accuracy", state["right"] / state["total"]}, {"spread", mean(away * away, {0})}};
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Confidence)
