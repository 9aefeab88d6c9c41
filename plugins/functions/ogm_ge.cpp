// SPDX-License-Identifier: Apache-2.0
/// On-the-fly gradient modulation: the modality that already tells the answer learns slower.
///
///   s_m = Σ_i softmax(logits_m,i)[target_i]          over the rows that count
///   ρ_m = s_m / mean_{n≠m} s_n
///   k_m = 1 − tanh(α ρ_m)   where ρ_m > 1,  else 1
///
/// `scale` multiplies the gradient of each modality's encoder. The paper's generalisation
/// enhancement is the stage's "modulate": {"noise": true}. With α = 0 every scale is exactly 1.
///
/// Shapes  logits M × [B, C], of heads that see one modality each; target [B]; mask, present [B];
///         scale [M], ratio ρ [M].
/// Source  Peng et al. 2022, arXiv:2203.15332, equations 8 to 10; M modalities instead of two.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class OgmGe final : public Function {
 public:
  static constexpr Identity identity{"function.ogm_ge", "1.0.0",
                                     "Slows the modality that already tells the answer."};

  struct Config {
    double alpha = 0.5;

    void describe(Fields& fields) {
      fields.add("alpha", alpha, "Strength α of the modulation; 0 switches it off.").at_least(0.0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input_list("logits", "[B, C]", "Class scores of each modality alone.");
    ports.input("target", "[B]", "The right classes.", WEFT_DTYPES_INDEX);
    ports.present_input();
    ports.output("scale", "[M]", "Of the gradient of each modality.");
    ports.output("ratio", "[M]", "ρ, how far a modality is ahead of the others.");
  }

  OgmGe(const Config& config, const Parameters& parameters)
      : alpha_(config.alpha), modalities_(parameters.wired("logits")) {
    if (modalities_ < 2)
      reject("logits", "one modality is compared with the others: wire two or more");
  }

  void infer(Shapes& shapes) const override {
    shapes.set("scale", 0, modalities_);
    shapes.set("ratio", 0, modalities_);
  }

  Outputs forward(const Inputs& in) const override {
    std::vector<Tensor> scores;
    for (const Tensor& logits : in.list("logits")) scores.push_back(score(logits, in));
    const Tensor s = stack(scores, 0);
    const double others = static_cast<double>(modalities_ - 1);
    const Tensor ratio = s / clamp_min((sum(s) - s) / others, 1e-12);
    const Tensor slowed = 1.0 - tanh(alpha_ * ratio);
    const Tensor scale = where(greater(ratio, 1.0), slowed, full_like(ratio, 1.0));
    const std::uint32_t dtype = in.list("logits")[0].dtype();
    return {{"scale", scale.to(dtype)}, {"ratio", ratio.to(dtype)}};
  }

 private:
  static Tensor score(const Tensor& logits, const Inputs& in) {
    const Targets targets = lay_beside(detach(logits).to(WEFT_DTYPE_FLOAT64), in["target"],
                                       Tensor(), false, -100, in["present"]);
    const Tensor right =
        gather(softmax(targets.logits, -1), -1, targets.target.unsqueeze(-1)).select(-1, 0);
    return sum(masked_fill(right, logical_not(targets.counted), 0.0));
  }

  double alpha_;
  std::int64_t modalities_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::OgmGe)
