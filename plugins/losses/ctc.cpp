// SPDX-License-Identifier: Apache-2.0
/// Connectionist temporal classification: a sequence without knowing which frame says what.
///
///   loss = Σ_b −log Σ_{π : collapse(π) = y_b} Π_t p_t(π_t),   p = softmax(logits)
///   weight = Σ_b (length of y_b)
///
/// collapse() first joins equal neighbours and then takes `blank` away: with "_" for blank "aa_ab"
/// says "aab". π runs over all ways to fill the T frames, summed by the forward algorithm. A target
/// that does not fit into its frames, since it needs one for each token and one between equal
/// neighbours, adds nothing to the loss. Frames and targets end where their masks do.
///
/// Shapes  logits [B, T, V], logits_mask [B, T], target [B, S] int64, mask [B, S], present [B]
/// bool;
///         loss [], weight [].
/// Errors  `blank` beyond the classes.
/// Source  Graves et al. 2006, doi:10.1145/1143844.1143891. The sum is that of
///         torch.nn.functional.ctc_loss with zero_infinity.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

const auto ctc_loss = operation(
    "aten::ctc_loss", "Tensor",
    "ctc_loss.Tensor(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths,"
    " int blank=0, int reduction=Mean, bool zero_infinity=False) -> Tensor");

class Ctc final : public Loss {
 public:
  static constexpr Identity identity{"loss.ctc", "1.0.0",
                                     "Likelihood of a sequence under all its alignments."};

  struct Config {
    std::int64_t blank = 0;

    void describe(Fields& fields) {
      fields.add("blank", blank, "The class that says nothing; no target holds it.").at_least(0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, T, V]", "Scores of every frame before softmax.");
    ports.input("target", "[B, S]", "What was said.", WEFT_DTYPES_INDEX);
    ports.mask_input("logits_mask", "[B, T]", "logits");
    ports.mask_input("mask", "[B, S]", "target");
    ports.present_input();
    ports.output("loss", "[]", "Sum over the samples.");
    ports.output("weight", "[]", "Tokens in all targets.");
  }

  Ctc(const Config& config, const Parameters&) : config_(config) {}

  void infer(Shapes& shapes) const override {
    const std::int64_t classes = shapes.input("logits")[2];
    if (config_.blank >= classes)
      reject("blank", std::to_string(config_.blank) + " must be less than the " +
                          std::to_string(classes) + " classes that the logits score");
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor logits = in["logits"], frames = frames_of(in), tokens = tokens_of(in);
    // Padding is 0 before softmax: NaN there reaches no gradient.
    const Tensor quiet = masked_fill(logits, logical_not(frames).unsqueeze(-1), 0.0);
    const Tensor log_p = log_softmax(quiet, -1).transpose(0, 1);  // [T, B, V]
    const Tensor rows = nonzero(fits(in["target"], frames, tokens)).reshape({-1});
    if (rows.size(0) == 0) return {{"loss", 0.0 * sum(log_p)}};
    const auto some = [&](const Tensor& x) { return index_select(x, 0, rows); };
    const Tensor target = masked_fill(in["target"], logical_not(tokens), 0.0);
    return {{"loss", ctc_loss(index_select(log_p, 1, rows), some(target), some(sum(frames, {1})),
                              some(sum(tokens, {1})), config_.blank, /*reduction: sum*/ 2)}};
  }

  Tensor weight(const Inputs& in) const override {
    return sum(tokens_of(in)).to(WEFT_DTYPE_FLOAT64);
  }

 private:
  /// [B, T]: true for frames of present rows that are no padding.
  static Tensor frames_of(const Inputs& in) {
    const Tensor logits = in["logits"], mask = in["logits_mask"];
    const Tensor real = mask ? mask : ones(logits.select(2, 0).sizes(), logits, WEFT_DTYPE_BOOL);
    const Tensor present = in["present"];
    return present ? logical_and(real, present.unsqueeze(1)) : real;
  }
  /// [B, S]: true for tokens of present rows that are no padding.
  static Tensor tokens_of(const Inputs& in) {
    const Tensor target = in["target"], mask = in["mask"];
    const Tensor real = mask ? mask : ones(target.sizes(), target, WEFT_DTYPE_BOOL);
    const Tensor present = in["present"];
    return present ? logical_and(real, present.unsqueeze(1)) : real;
  }
  /// [B]: true where there are frames, and enough of them.
  static Tensor fits(const Tensor& target, const Tensor& frames, const Tensor& tokens) {
    const std::int64_t length = target.size(1);
    Tensor needed = sum(tokens, {1});
    if (length > 1) {
      const Tensor same = equal(target.slice(1, 0, length - 1), target.slice(1, 1, length));
      needed = needed + sum(logical_and(same, tokens.slice(1, 1, length)), {1});
    }
    const Tensor given = sum(frames, {1});
    return logical_and(at_least(given, needed), at_least(given, 1));
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Ctc)
