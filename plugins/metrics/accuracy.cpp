// SPDX-License-Identifier: Apache-2.0
/// Accuracy: the share of targets that got the largest score.
///
///   accuracy = #{t : argmax_v logits_t(v) = y_t} / #{t}
///
/// The count runs over targets whose mask is true and whose row is present. With `next_token` the
/// logits at t are compared with the target at t + 1. Of equal scores the first counts as the
/// largest.
///
/// Shapes  logits [..., V], target [...] int64, mask [...], present [B] bool; accuracy []. Nothing
/// counted: NaN. Errors  `next_token` with a target [B].

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class Accuracy final : public Metric {
 public:
  static constexpr Identity identity{"metric.accuracy", "1.1.0",
                                     "Share of targets that got the largest score."};

  struct Config {
    bool next_token = false;
    std::int64_t ignore_index = -100;

    void describe(Fields& fields) {
      fields.add("next_token", next_token, "The logits at t predict the target at t + 1.");
      fields.add("ignore_index", ignore_index, "A target that does not count.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[..., V]", "Scores of the classes.");
    ports.input("target", "[...]", "The class or token that came.", WEFT_DTYPES_INDEX);
    ports.mask_input("mask", "[...]", "target");
    ports.present_input();
    ports.output("accuracy", "[]", "Between 0 and 1.");
  }
  static void states(States& states, const Config&) {
    states.sum("right");
    states.sum("total");
  }

  Accuracy(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    const Targets targets = lay_beside(in["logits"], in["target"], in["mask"], config_.next_token,
                                       config_.ignore_index, in["present"]);
    const Tensor right = equal(argmax(targets.logits, -1), targets.target);
    state.add("right", sum(logical_and(right, targets.counted)));
    state.add("total", sum(targets.counted));
  }

  Outputs compute(const State& state) const override {
    return {{"accuracy", state["right"] / state["total"]}};
  }

 private:
  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Accuracy)
