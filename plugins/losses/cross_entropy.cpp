// SPDX-License-Identifier: Apache-2.0
/// Cross-entropy: how little probability the scores give to the classes or tokens that came.
///
///   p = softmax(logits)
///   loss = Σ_t [ −(1 − ε) log p_t(y_t) − ε mean_v log p_t(v) ],   ε: label smoothing
///   weight = number of summed t
///
/// The sum runs over targets whose mask is true, that are not `ignore_index` and whose row is
/// present. With `next_token` the logits at t are compared with the target at t + 1: next-token
/// prediction.
///
/// Shapes  logits [..., V], target [...] int64, mask [...], present [B] bool; loss [], weight [].
/// Errors  `next_token` with a target [B].
/// Source  label smoothing: Szegedy et al. 2016, arXiv:1512.00567, §7. loss / weight equals
///         torch.nn.functional.cross_entropy.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class CrossEntropy final : public Loss {
 public:
  static constexpr Identity identity{"loss.cross_entropy", "1.1.0",
                                     "Negative log-likelihood of classes or tokens."};

  struct Config {
    bool next_token = false;
    double label_smoothing = 0.0;
    std::int64_t ignore_index = -100;

    void describe(Fields& fields) {
      fields.add("next_token", next_token, "The logits at t predict the target at t + 1.");
      fields.add("label_smoothing", label_smoothing, "Share ε spread evenly over all classes.")
          .at_least(0.0)
          .below(1.0);
      fields.add("ignore_index", ignore_index, "A target that does not count.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[..., V]", "Scores before softmax.");
    ports.input("target", "[...]", "The class or token that came.", WEFT_DTYPES_INDEX);
    ports.mask_input("mask", "[...]", "target");
    ports.present_input();
    ports.output("loss", "[]", "Sum over the counted targets.");
    ports.output("weight", "[]", "How many these are.");
  }

  CrossEntropy(const Config& config, const Parameters&) : config_(config) {}

  void infer(Shapes& shapes) const override {
    check_next_token(config_.next_token, static_cast<std::int64_t>(shapes.input("target").size()));
  }

  Outputs forward(const Inputs& in) const override {
    const Targets targets = lay(in);
    const Tensor log_p = log_softmax(targets.logits, -1);   // [..., V]
    Tensor loss = negative_log_likelihood(targets, log_p);  // [...]
    if (config_.label_smoothing > 0.0) {
      const Tensor even =
          masked_fill(mean(log_p, {-1}), logical_not(targets.counted), 0.0);  // [...]
      loss = (1.0 - config_.label_smoothing) * loss - config_.label_smoothing * even;
    }
    return {{"loss", sum(loss)}};
  }

  Tensor weight(const Inputs& in) const override {
    return sum(lay(in).counted).to(WEFT_DTYPE_FLOAT64);
  }

 private:
  Targets lay(const Inputs& in) const {
    return lay_beside(in["logits"], in["target"], in["mask"], config_.next_token,
                      config_.ignore_index, in["present"]);
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::CrossEntropy)
