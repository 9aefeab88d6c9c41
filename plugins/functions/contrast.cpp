// SPDX-License-Identifier: Apache-2.0
/// Logits of the next token, moved from what one model says towards what it says beyond another:
/// contrastive decoding, classifier-free guidance and experts, by what is wired.
///
///   z = base + α (plus − minus),   plus = base where it is not wired
///   z_v = −∞ where softmax(base)_v < β max_w softmax(base)_w
///
/// Without `plus` that is (1 + α) base − α minus. `minus` may be the same decoder in a view without
/// a modality, or with that of another sample, or a smaller decoder. With α = 0 and β = 0 the
/// output is `base`, to the bit. Each position is looked at by itself.
///
/// Shapes  base, plus, minus [B, T, V]; out [B, T, V].
/// Source  Li et al. 2023, arXiv:2210.15097 (contrastive decoding, with β as its plausibility);
///         Sanchez et al. 2023, arXiv:2306.17806 (guidance); Liu et al. 2021, arXiv:2105.03023
///         (experts).

#include <weft/plugin.hpp>

#include <cmath>
#include <limits>

namespace weft {
namespace {

class Contrast final : public Function {
 public:
  static constexpr Identity identity{"function.contrast", "1.0.0",
                                     "Logits moved by what one decoder says beyond another."};

  struct Config {
    double scale = 0.5;
    double plausible = 0.0;

    void describe(Fields& fields) {
      fields.add("scale", scale, "α, how far they are moved; 0 leaves them as they are.");
      fields
          .add("plausible", plausible,
               "β: tokens that base holds less than this share as probable as its best one cannot "
               "come; 0: all can.")
          .at_least(0.0)
          .at_most(1.0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("base", "[B, T, V]", "The decoder's logits.");
    ports.input("minus", "[B, T, V]", "What they are moved away from.");
    ports.optional_input("plus", "[B, T, V]", "What they are moved towards, instead of base.");
    ports.output("out", "[B, T, V]", "The logits that are moved.");
  }

  Contrast(const Config& config, const Parameters& parameters)
      : scale_(config.scale), plausible_(config.plausible) {
    parameters.incremental();
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor base = in["base"], plus = in["plus"] ? in["plus"] : base;
    Tensor out = base;
    if (scale_ != 0.0) out = base + scale_ * (plus - in["minus"]);
    if (plausible_ > 0.0) {
      const Tensor behind = base - max(base, {-1}, true);
      out = masked_fill(out, less(behind, std::log(plausible_)),
                        -std::numeric_limits<double>::infinity());
    }
    return {{"out", out}};
  }

 private:
  double scale_, plausible_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Contrast)
