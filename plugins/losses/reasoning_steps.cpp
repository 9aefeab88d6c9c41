// SPDX-License-Identifier: Apache-2.0
/// Reasoning steps: the tokens of a rationale, each step with its own weight, and steps that a
/// verifier calls wrong made unlikely.
///
///   k(t) = how many ends of steps stand before y_t: "2 and 3. | That is 5." has the steps 0 and 1
///   loss = Σ_t w_k(t) [ −v_tk log p_t(y_t) − β (1 − v_tk) log(1 − p_t(y_t)) ]
///   weight = Σ_t w_k(t),   p = softmax(logits),   v_tk = score of step k(t), or 1 if not wired
///
/// `ends` are the tokens that end a step and belong to it, such as the full stop and the newline.
/// `weights` are w_0, w_1, …; steps beyond the list have its last weight. v is between 0 (wrong)
/// and 1 (right), one for each step; steps beyond it have its last score. A verifier that must not
/// learn from this loss is a frozen view or another run. The sum runs over targets whose mask is
/// true and whose row is present. With `next_token` the logits at t are compared with the target at
/// t + 1.
///
/// Shapes  logits [B, S, V], target [B, S] int64, score [B, K], mask [B, S], present [B] bool; loss
///         [], weight [].
/// Source  a score for each step: Lightman et al. 2023, arXiv:2305.20050; the penalty:
///         unlikelihood, Welleck et al. 2019, arXiv:1908.04319, eq. 4.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class ReasoningSteps final : public Loss {
 public:
  static constexpr Identity identity{"loss.reasoning_steps", "1.0.0",
                                     "Likelihood of a rationale, weighted step by step."};

  struct Config {
    std::vector<std::int64_t> ends;
    std::vector<double> weights{1.0};
    double penalty = 1.0;
    bool next_token = true;

    void describe(Fields& fields) {
      fields.add("ends", ends, "Tokens that end a step; empty: all is one step.").at_least(0);
      fields.add("weights", weights, "Weight of each step; later steps have the last.")
          .at_least(0.0)
          .length(1, 1024);
      fields.add("penalty", penalty, "Strength β against steps that are wrong.").at_least(0.0);
      fields.add("next_token", next_token, "The logits at t predict the target at t + 1.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, S, V]", "Scores before softmax.");
    ports.input("target", "[B, S]", "The rationale.", WEFT_DTYPES_INDEX);
    ports.optional_input("score", "[B, K]",
                         "A verifier's: 1 where step k is right, 0 where wrong.");
    ports.mask_input("mask", "[B, S]", "target");
    ports.present_input();
    ports.output("loss", "[]", "Sum over the counted tokens.");
    ports.output("weight", "[]", "Sum of their steps' weights.");
  }

  ReasoningSteps(const Config& config, const Parameters&) : config_(config) {}

  Outputs forward(const Inputs& in) const override {
    const Targets targets = lay(in, in["logits"]);
    const Tensor uncounted = logical_not(targets.counted);
    const Tensor logits = masked_fill(targets.logits, uncounted.unsqueeze(-1), 0.0);
    const Tensor surprise = negative_log_likelihood(targets, log_softmax(logits, -1));  // [B, S']
    const Tensor step = steps(in["target"]);
    const Tensor weights = of_steps(table(config_.weights, surprise), step);  // [B, S']
    if (!in["score"]) return {{"loss", sum(weights * surprise)}};
    const Tensor right = scores(in, step).to(surprise.dtype());  // [B, S']
    // −log(1 − p), p held below 1: beyond, the loss would have no bound and its gradient no number.
    const Tensor p = clamp_max(exp(-surprise), 1.0 - 1e-6);
    const Tensor penalty = config_.penalty * (1.0 - right) * -log(1.0 - p);
    const Tensor each = weights * (right * surprise + penalty);
    return {{"loss", sum(masked_fill(each, uncounted, 0.0))}};
  }

  Tensor weight(const Inputs& in) const override {
    const Tensor counted = lay(in, Tensor()).counted;
    const Tensor one = ones({}, counted, WEFT_DTYPE_FLOAT64);
    const Tensor weights = of_steps(table(config_.weights, one), steps(in["target"]));
    return sum(masked_fill(weights, logical_not(counted), 0.0));
  }

 private:
  Targets lay(const Inputs& in, const Tensor& logits) const {
    return lay_beside(logits, in["target"], in["mask"], config_.next_token, /*ignored=*/-100,
                      in["present"]);
  }
  /// k(t) [B, S'], S' one less where the next token is meant.
  Tensor steps(const Tensor& target) const {
    Tensor ended = zeros(target.sizes(), target, WEFT_DTYPE_INT64);
    for (const std::int64_t end : config_.ends)
      ended = ended + equal(target, end).to(WEFT_DTYPE_INT64);
    const Tensor before = cumulative_sum(ended, 1) - ended.to(WEFT_DTYPE_INT64);
    return config_.next_token ? before.slice(1, 1, target.size(1)) : before;
  }
  /// The numbers [K] as a tensor of the type of `like`.
  static Tensor table(const std::vector<double>& numbers, const Tensor& like) {
    std::vector<Tensor> each;
    for (const double number : numbers) each.push_back(full({}, number, like));
    return stack(each, 0);
  }
  /// table[k], for steps beyond it its last entry: [K] and [B, S] → [B, S].
  static Tensor of_steps(const Tensor& table, const Tensor& step) {
    const Tensor last = full({}, table.size(0) - 1, step);
    return index_select(table, 0, minimum(step, last).reshape({-1})).reshape(step.sizes());
  }
  /// v [B, S'], 0 in rows that are not present.
  static Tensor scores(const Inputs& in, const Tensor& step) {
    Tensor score = in["score"];
    if (const Tensor present = in["present"])
      score = masked_fill(score, logical_not(as_rows(present, 2)), 0.0);
    const Tensor last = full({}, score.size(1) - 1, step);
    return gather(score, 1, minimum(step, last));
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::ReasoningSteps)
