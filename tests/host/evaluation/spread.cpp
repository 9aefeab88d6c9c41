// SPDX-License-Identifier: Apache-2.0
/// A metric with a state of every merge rule: the extremes, the sum and all of a classifier's first
/// score.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Spread final : public Metric {
 public:
  static constexpr Identity identity{"test/metric.spread", "1.0.0", "For tests of the host."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, V]", "Scores.");
    for (const char* name : {"highest", "lowest", "total", "of_all"})
      ports.output(name, "[]", "Of the first score.");
  }
  static void states(States& states, const Config&) {
    states.max("highest", {}, -1e30);
    states.min("lowest", {}, 1e30);
    states.sum("total");
    states.rows("all", {1});
  }

  Spread(const Config&, const Parameters&) {}

  void update(const Inputs& in, State& state) const override {
    const Tensor scores = in["logits"].to(WEFT_DTYPE_FLOAT64);
    for (std::int64_t row = 0; row < scores.size(0); ++row) {
      const Tensor score = scores.select(0, row).select(0, 0);
      state.set("highest", where(less(state["highest"], score), score, state["highest"]));
      state.set("lowest", where(less(score, state["lowest"]), score, state["lowest"]));
      state.add("total", score);
      state.set("all", concat({state["all"], score.reshape({1, 1})}, 0));
    }
  }

  Outputs compute(const State& state) const override {
    return {{"highest", state["highest"]},
            {"lowest", state["lowest"]},
            {"total", state["total"]},
            {"of_all", sum(state["all"])}};
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Spread)
