// SPDX-License-Identifier: Apache-2.0
/// Perplexity: among how many tokens the model hesitates.
///
///   perplexity = exp( −(1 / S) Σ_t log softmax(logits_t)(y_t) )
///
/// The sum runs over the S targets of all batches whose mask is true and whose row is present. With
/// `next_token` the logits at t are compared with the target at t + 1.
///
/// Shapes  logits [..., V], target [...] int64, mask [...], present [B] bool; perplexity [].
/// Nothing counted: NaN. Errors  `next_token` with a target [B].

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class Perplexity final : public Metric {
 public:
  static constexpr Identity identity{"metric.perplexity", "1.1.0",
                                     "Exponential of the mean negative log-likelihood."};

  struct Config {
    bool next_token = false;
    std::int64_t ignore_index = -100;

    void describe(Fields& fields) {
      fields.add("next_token", next_token, "The logits at t predict the target at t + 1.");
      fields.add("ignore_index", ignore_index, "A target that does not count.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[..., V]", "Scores before softmax.");
    ports.input("target", "[...]", "The token that came.", WEFT_DTYPES_INDEX);
    ports.mask_input("mask", "[...]", "target");
    ports.present_input();
    ports.output("perplexity", "[]", "1: no doubt; V: a guess.");
  }
  static void states(States& states, const Config&) {
    states.sum("surprise");
    states.sum("total");
  }

  Perplexity(const Config& config, const Parameters&) : config_(config) {}

  void update(const Inputs& in, State& state) const override {
    const Targets targets = lay_beside(in["logits"], in["target"], in["mask"], config_.next_token,
                                       config_.ignore_index, in["present"]);
    const Tensor surprise = negative_log_likelihood(targets, log_softmax(targets.logits, -1));
    state.add("surprise", sum(surprise.to(WEFT_DTYPE_FLOAT64)));
    state.add("total", sum(targets.counted));
  }

  Outputs compute(const State& state) const override {
    return {{"perplexity", exp(state["surprise"] / state["total"])}};
  }

 private:
  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Perplexity)
