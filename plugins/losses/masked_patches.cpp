// SPDX-License-Identifier: Apache-2.0
/// Masked patches: how far the pixels that were guessed lie from those that were hidden.
///
///   loss = Σ_{i masked} ‖ŷ_i − y_i‖²,   weight = P · number of masked patches,
/// the masked patches i of rows that are present
///
/// y_i is patch i, flattened channel by channel as encoder.vit reads it: P = C p² elements. With
/// `normalise` it is first brought to mean 0 and variance 1 over its own elements: (y − mean) /
/// √(var + 1e-6), var with the divisor P − 1, as MAE's code has it.
///
/// Shapes  prediction [B, N, P], image [B, C, H, W], masked [B, N] bool, N = H W / p², present [B]
///         bool; loss [], weight [].
/// Errors  `patch` must divide height and width; `normalise` needs two elements in a patch.
/// Source  He et al. 2021, arXiv:2111.06377, eq. of §3.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

namespace weft {
namespace {

class MaskedPatches final : public Loss {
 public:
  static constexpr Identity identity{"loss.masked_patches", "1.1.0",
                                     "Squared distance to the pixels of hidden patches."};

  struct Config {
    std::int64_t height = 32;
    std::int64_t width = 32;
    std::int64_t channels = 3;
    std::int64_t patch = 4;
    bool normalise = false;

    std::int64_t patches() const { return (height / patch) * (width / patch); }
    std::int64_t elements() const { return channels * patch * patch; }
    void describe(Fields& fields) {
      fields.add("height", height, "Height H of the image in pixels.")
          .at_least(1)
          .from_wire("image", 2);
      fields.add("width", width, "Width W of the image in pixels.")
          .at_least(1)
          .from_wire("image", 3);
      fields.add("channels", channels, "Channels C: 1 grey, 3 colour.")
          .at_least(1)
          .from_wire("image", 1);
      fields.add("patch", patch, "Edge p of a square patch; must divide height and width.")
          .at_least(1);
      fields.add("normalize", normalise, "Normalise each patch by its own mean and variance.");
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("C", config.channels);
    ports.size("H", config.height);
    ports.size("W", config.width);
    ports.size("N", config.patches());
    ports.size("P", config.elements());
    ports.input("prediction", "[B, N, P]", "What each token guesses.");
    ports.input("image", "[B, C, H, W]", "The picture that was partly hidden.");
    ports.input("masked", "[B, N]", "True: the patch was hidden.", WEFT_DTYPES_BOOL);
    ports.present_input();
    ports.output("loss", "[]", "Sum over the hidden elements.");
    ports.output("weight", "[]", "How many these are.");
  }

  MaskedPatches(const Config& config, const Parameters&) : config_(config) {
    for (const std::int64_t edge : {config.height, config.width})
      if (edge % config.patch != 0)
        reject("patch", std::to_string(config.patch) + " must divide height " +
                            std::to_string(config.height) + " and width " +
                            std::to_string(config.width));
    if (config.normalise && config.elements() < 2)
      reject("normalize", "needs at least two elements in a patch");
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor hidden = counted(in).unsqueeze(-1);  // [B, N, 1]
    // Filled before it is squared: what is not hidden gets the gradient 0, also where it is NaN.
    const Tensor miss =
        masked_fill(in["prediction"] - targets(image(in)), logical_not(hidden), 0.0);
    return {{"loss", sum(miss * miss)}};
  }

  Tensor weight(const Inputs& in) const override {
    return sum(counted(in)).to(WEFT_DTYPE_FLOAT64) * static_cast<double>(config_.elements());
  }

 private:
  static Tensor counted(const Inputs& in) {  // [B, N]
    const Tensor present = in["present"];
    return present ? logical_and(in["masked"], present.unsqueeze(-1)) : in["masked"];
  }
  /// 0 where there is none, since a patch is divided by its deviation.
  static Tensor image(const Inputs& in) {
    const Tensor present = in["present"];
    if (!present) return in["image"];
    return masked_fill(in["image"], logical_not(as_rows(present, 4)), 0.0);
  }
  Tensor targets(const Tensor& image) const {  // [B, C, H, W] → [B, N, P]
    const Tensor x = image_patches(image, config_.patch);
    if (!config_.normalise) return x;
    const Tensor centred = x - mean(x, {2}, /*keep=*/true);
    const double divisor = static_cast<double>(config_.elements() - 1);
    return centred / sqrt(sum(centred * centred, {2}, /*keep=*/true) / divisor + 1e-6);
  }

  Config config_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::MaskedPatches)
