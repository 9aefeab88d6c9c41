// SPDX-License-Identifier: Apache-2.0
/// Masked frames: how far a spectrum that was guessed lies from what was hidden of it.
///
///   loss = Σ_{(t, f) hidden} (ŷ_tf − y_tf)²,   weight = number of hidden (t, f)
///
/// (t, f) is hidden where frame t or band f is masked, frame t is no padding and the row is
/// present. Token u guesses frames u S … u S + S − 1 one behind the other, S = `stack`: 4 behind an
/// encoder that makes one token of four frames.
///
/// Shapes  prediction [B, N, S F], N = ⌈T / S⌉; frames [B, T, F], mask and masked [B, T] bool,
///         masked_bands [B, F] bool, present [B] bool; loss [], weight [].
/// Errors  a prediction of another number of tokens.
/// Source  Liu et al. 2021 (TERA), arXiv:2007.06028, with the squared for the absolute distance.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class MaskedFrames final : public Loss {
 public:
  static constexpr Identity identity{"loss.masked_frames", "1.1.0",
                                     "Squared distance to hidden frames and bands."};

  struct Config {
    std::int64_t features = 80;
    std::int64_t stack = 1;

    void describe(Fields& fields) {
      fields.add("features", features, "Numbers F in a frame, such as mel bands.")
          .at_least(1)
          .from_wire("frames", 2);
      fields.add("stack", stack, "How many frames S one token guesses.").at_least(1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("F", config.features);
    ports.size("P", config.features * config.stack);
    ports.input("prediction", config.stack == 1 ? "[B, T, P]" : "[B, N, P]",
                "What each token guesses.");
    ports.input("frames", "[B, T, F]", "The spectrum that was partly hidden.");
    ports.mask_input("mask", "[B, T]", "frames");
    ports.input("masked", "[B, T]", "True: the frame was hidden.", WEFT_DTYPES_BOOL);
    ports.optional_input("masked_bands", "[B, F]", "True: the band was hidden in all frames.",
                         WEFT_DTYPES_BOOL);
    ports.present_input();
    ports.output("loss", "[]", "Sum over the hidden elements.");
    ports.output("weight", "[]", "How many these are.");
  }

  MaskedFrames(const Config& config, const Parameters&) : config_(config) {}

  void infer(Shapes& shapes) const override {
    const std::int64_t found = shapes.input("prediction")[1], frames = shapes.input("frames")[1];
    const std::int64_t expected = (frames + config_.stack - 1) / config_.stack;
    if (found != expected)
      reject("stack", std::to_string(config_.stack) + " makes " + std::to_string(expected) +
                          " tokens of " + std::to_string(frames) +
                          " frames, but the prediction has " + std::to_string(found));
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor frames = in["frames"];
    const Tensor guess = in["prediction"]
                             .reshape({frames.size(0), -1, config_.features})
                             .slice(1, 0, frames.size(1));  // [B, T, F]
    // Filled before it is squared: what is not hidden gets the gradient 0, also where it is NaN.
    const Tensor miss = masked_fill(guess - frames, logical_not(hidden(in)), 0.0);
    return {{"loss", sum(miss * miss)}};
  }

  Tensor weight(const Inputs& in) const override {
    return sum(expand(hidden(in), {-1, -1, config_.features})).to(WEFT_DTYPE_FLOAT64);
  }

 private:
  Tensor hidden(const Inputs& in) const {  // [B, T, F], or [B, T, 1] where no band is
    Tensor hidden = in["masked"].unsqueeze(-1);
    if (const Tensor bands = in["masked_bands"]) hidden = logical_or(hidden, bands.unsqueeze(1));
    if (const Tensor mask = in["mask"]) hidden = logical_and(hidden, mask.unsqueeze(-1));
    if (const Tensor present = in["present"])
      hidden = logical_and(hidden, present.unsqueeze(-1).unsqueeze(-1));
    return hidden;
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::MaskedFrames)
