// SPDX-License-Identifier: Apache-2.0
/// Distillation: a student learns a teacher's probabilities beside the true classes or tokens.
///
///   p = softmax(z_S),  p^τ = softmax(z_S / τ),  q^τ = softmax(z_T / τ)
///   loss = Σ_t [ α τ² KL(q^τ_t ‖ p^τ_t) + (1 − α) (−log p_t(y_t)) ]
///   KL(q ‖ p) = Σ_v q(v) (log q(v) − log p(v)),   weight = number of summed t
///
/// KL and cross-entropy to the teacher's probabilities have the same gradient; KL is 0 where the
/// student has learned all. τ² keeps the gradient's size when τ changes. The gradient has both
/// sides: a teacher that must not learn is a frozen view or another run. The sum runs over targets
/// whose mask is true, that are not `ignore_index` and whose row is present. With `next_token` the
/// logits at t are compared with the target at t + 1.
///
/// Shapes  logits z_S and teacher z_T [..., V], target y [...] int64, mask [...], present [B] bool;
///         loss [], weight [].
/// Errors  `next_token` with a target [B].
/// Source  Hinton et al. 2015, arXiv:1503.02531, §2.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class Distillation final : public Loss {
 public:
  static constexpr Identity identity{"loss.distillation", "1.0.0",
                                     "Learn a teacher's probabilities beside the true targets."};

  struct Config {
    double alpha = 0.5;
    double temperature = 2.0;
    bool next_token = false;
    std::int64_t ignore_index = -100;

    void describe(Fields& fields) {
      fields.add("alpha", alpha, "Share α of the teacher; the true targets get the rest.")
          .at_least(0.0)
          .at_most(1.0);
      fields.add("temperature", temperature, "τ: the higher, the more the unlikely classes tell.")
          .above(0.0);
      fields.add("next_token", next_token, "The logits at t predict the target at t + 1.");
      fields.add("ignore_index", ignore_index, "A target that does not count.");
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[..., V]", "The student's scores before softmax.");
    ports.input("teacher", "[..., V]", "The teacher's scores before softmax.");
    ports.input("target", "[...]", "The class or token that came.", WEFT_DTYPES_INDEX);
    ports.mask_input("mask", "[...]", "target");
    ports.present_input();
    ports.output("loss", "[]", "Sum over the counted targets.");
    ports.output("weight", "[]", "How many these are.");
  }

  Distillation(const Config& config, const Parameters&) : config_(config) {}

  void infer(Shapes& shapes) const override {
    check_next_token(config_.next_token, static_cast<std::int64_t>(shapes.input("target").size()));
  }

  Outputs forward(const Inputs& in) const override {
    const Targets student = lay(in, in["logits"]);
    const Tensor uncounted = logical_not(student.counted);
    // What does not count is 0 before the exponential: NaN there reaches neither loss nor gradient.
    const Tensor z_s = masked_fill(student.logits, uncounted.unsqueeze(-1), 0.0);
    const Tensor z_t = masked_fill(lay(in, in["teacher"]).logits, uncounted.unsqueeze(-1), 0.0);
    const Tensor hard = negative_log_likelihood(student, log_softmax(z_s, -1));  // [...]
    const double rate = 1.0 / config_.temperature;
    const Tensor log_q = log_softmax(z_t * rate, -1);                                   // [..., V]
    const Tensor soft = sum(exp(log_q) * (log_q - log_softmax(z_s * rate, -1)), {-1});  // [...]
    const double scale = config_.alpha * config_.temperature * config_.temperature;
    return {{"loss",
             sum(masked_fill(soft, uncounted, 0.0)) * scale + sum(hard) * (1.0 - config_.alpha)}};
  }

  Tensor weight(const Inputs& in) const override {
    return sum(lay(in, Tensor()).counted).to(WEFT_DTYPE_FLOAT64);
  }

 private:
  Targets lay(const Inputs& in, const Tensor& logits) const {
    return lay_beside(logits, in["target"], in["mask"], config_.next_token, config_.ignore_index,
                      in["present"]);
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Distillation)
