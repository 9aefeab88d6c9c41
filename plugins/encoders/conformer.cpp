// SPDX-License-Identifier: Apache-2.0
/// Conformer: frames of sound, such as a log-mel spectrogram, into contextualised tokens.
///
///   X = ConvSubsample(features) + positions          see below; 1, 2 or 4 frames become one
///   each block (conformer_block.hpp):
///     X ← X + ½ FFN₁(X),  X ← X + MHSA(LN(X)),  X ← X + Conv(X),  X ← LN(X + ½ FFN₂(X))
///
/// ConvSubsample halves time and feature axis by relu(conv2d), 3×3 with stride 2, once or twice,
/// and projects to D. With subsampling 1 it is a projection, or nothing if F = D already.
/// Where `masked` or `masked_bands` is wired, a learned frame m [F] stands for what they hide,
/// before anything else sees it: features_tf = m_f where frame t or band f is masked.
/// With `output_dim` E the tokens are X W + b at the end, for a fusion of that width.
/// Sinusoidal positions: sin(u ω_k) then cos(u ω_k), ω_k = 10000^(−2k/D), k < D/2.
///
/// Shapes  features [B, T, F], mask and masked [B, T], masked_bands [B, F];
///         tokens [B, U, D or E], mask [B, U], pooled [B, D or E], the mean over real tokens; U = T
///         halved once or twice, rounded up.
/// Errors  `kernel` must be odd, `subsampling` 1, 2 or 4, `heads` must divide dim, sinusoidal
///         positions need an even dim.
/// Source  Gulati et al. 2020, arXiv:2005.08100, without relative positions. Unlike torchaudio's,
///         padding is zeroed before each convolution and kept out of the norms' statistics: a
///         padded sample gives what it gives alone. With norm "batch" samples are coupled in
///         training.

#include <weft/plugin.hpp>

#include <cmath>

#include "conformer_block.hpp"

namespace weft {
namespace {

class Conformer final : public Encoder {
 public:
  static constexpr Identity identity{"encoder.conformer", "1.1.0",
                                     "Encode frames of sound by attention and convolution."};

  struct Config {
    std::int64_t features = 80;
    std::int64_t dim = 64;
    std::int64_t depth = 2;
    std::int64_t heads = 4;
    std::int64_t inner = 256;
    std::int64_t kernel = 15;
    std::int64_t subsampling = 4;
    std::int64_t channels = 32;
    std::string positions = "sinusoidal";
    std::string norm = "layer";
    double dropout = 0.0;
    bool mask_token = false;
    std::int64_t output_dim = 0;

    std::int64_t width() const { return output_dim > 0 ? output_dim : dim; }
    void describe(Fields& fields) {
      fields.add("features", features, "Numbers F in a frame, such as mel bands.")
          .at_least(1)
          .from_wire("features", 2);
      fields.add("dim", dim, "Width D of the tokens.").at_least(1);
      fields.add("layers", depth, "Number of Conformer blocks.").at_least(1);
      fields.add("heads", heads, "Attention heads; must divide dim.").at_least(1);
      fields.add("ffn_dim", inner, "Inner width of the feed-forward networks.").at_least(1);
      fields.add("kernel", kernel, "Frames that the depthwise convolution sees; odd.").at_least(1);
      fields.add("subsampling", subsampling, "How many frames become one token: 1, 2 or 4.");
      fields.add("channels", channels, "Channels of the subsampling convolutions.").at_least(1);
      fields.add("positions", positions, "Position encoding added after subsampling.")
          .one_of({"none", "sinusoidal"});
      fields.add("norm", norm, "Normalisation in the convolution module, over real frames only.")
          .one_of({"batch", "group", "layer"});
      fields.add("dropout", dropout, "Probability of dropping an element in training.")
          .at_least(0.0)
          .below(1.0);
      fields.add("mask_token", mask_token,
                 "Have the mask token even where nothing masked is wired.");
      fields
          .add("output_dim", output_dim,
               "Width to which the tokens are projected at the end, for a fusion of that width; 0: "
               "they stay as wide as they are.")
          .at_least(0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("F", config.features);
    ports.size("D", config.width());
    ports.input("features", "[B, T, F]", "Frames in time order.");
    ports.mask_input("mask", "[B, T]", "features");
    ports.optional_input("masked", "[B, T]", "True: a learned frame stands for this one.",
                         WEFT_DTYPES_BOOL);
    ports.optional_input("masked_bands", "[B, F]", "True: the band is hidden in all frames.",
                         WEFT_DTYPES_BOOL);
    ports.output("tokens", "[B, U, D]", "The frames in their context.");
    ports.mask_output("mask", "[B, U]", "tokens");
    ports.output("pooled", "[B, D]", "The whole sound in one vector.");
  }

  Conformer(const Config& config, const Parameters& parameters) : config_(config) {
    if (config.kernel % 2 == 0)
      reject("kernel", "must be odd, found " + std::to_string(config.kernel));
    if (config.subsampling != 1 && config.subsampling != 2 && config.subsampling != 4)
      reject("subsampling", "must be 1, 2 or 4, found " + std::to_string(config.subsampling));
    if (config.positions == "sinusoidal" && config.dim % 2 != 0)
      reject("dim", "must be even for sinusoidal positions, found " + std::to_string(config.dim));
    if (config.norm == "batch") parameters.couples_samples();

    if (config.mask_token || parameters.wired("masked") + parameters.wired("masked_bands") > 0)
      mask_token_ =
          parameters.add_without_decay("mask_token", {config.features}, Init::normal(0.02));

    std::int64_t in = 1, width = config.features;
    for (std::int64_t stride = 1; stride < config.subsampling; stride *= 2) {
      const auto stage = parameters.in("subsample_" + std::to_string(stages_.size()));
      const double bound = std::sqrt(6.0 / (9.0 * static_cast<double>(in)));  // He et al. 2015
      stages_.push_back({stage.add("weight", {config.channels, in, 3, 3}, Init::uniform(bound)),
                         stage.add_without_decay("bias", {config.channels}, Init::zeros())});
      in = config.channels;
      width = halved(width);
    }
    if (in * width != config.dim || !stages_.empty())
      project_.emplace(parameters, "project", in * width, config.dim);

    const BlockOptions options{config.dim,     config.heads, config.inner, "silu",
                               config.dropout, true,         1e-5};
    for (std::int64_t i = 0; i < config.depth; ++i)
      blocks_.emplace_back(parameters, "block_" + std::to_string(i), options, config.kernel,
                           config.norm);
    if (config.output_dim > 0) out_.emplace(parameters, "out", config.dim, config.output_dim);
  }

  void infer(Shapes& shapes) const override {
    std::int64_t length = shapes.input("features")[1];
    for (std::size_t i = 0; i < stages_.size(); ++i) length = halved(length);
    shapes.set("tokens", 1, length);
    shapes.set("mask", 1, length);
  }

  Outputs forward(const Inputs& in) const override {
    Tensor mask = in["mask"];
    const Tensor seen = hide(in["features"], in["masked"], in["masked_bands"]);
    Tensor x = subsample(seen, mask);  // [B, U, D]
    if (config_.positions == "sinusoidal") x = x + sinusoids(x);
    x = dropout(x, config_.dropout);
    for (const ConformerBlock& block : blocks_) x = block(x, mask);
    if (out_) x = (*out_)(x);
    if (!mask) mask = full_mask(x);
    return {{"tokens", x}, {"mask", mask}, {"pooled", masked_mean(x, mask)}};
  }

 private:
  struct Stage {
    Parameter weight, bias;
  };

  /// [B, T, F] with the mask token over masked frames [B, T] and bands [B, F].
  Tensor hide(Tensor features, const Tensor& masked, const Tensor& bands) const {
    for (const Tensor& hidden :
         {masked ? masked.unsqueeze(2) : Tensor(), bands ? bands.unsqueeze(1) : Tensor()})
      if (hidden) features = where(hidden, mask_token_.tensor().to(features.dtype()), features);
    return features;
  }

  static std::int64_t halved(std::int64_t size) { return (size + 1) / 2; }

  /// [B, T, F] → [B, U, D]; `mask` follows, so that a token is real if the middle of its frames is.
  Tensor subsample(const Tensor& features, Tensor& mask) const {
    Tensor x = zero_padding(features, mask).unsqueeze(1);  // [B, 1, T, F]
    for (const Stage& stage : stages_) {
      x = relu(conv2d(x, stage.weight, stage.bias, {2, 2}, {1, 1}));
      if (!mask) continue;
      mask = mask.slice(1, 0, mask.size(1), 2);
      x = masked_fill(x, logical_not(mask).unsqueeze(1).unsqueeze(-1), 0.0);
    }
    x = permute(x, {0, 2, 1, 3}).reshape({x.size(0), x.size(2), -1});
    return project_ ? (*project_)(x) : x;
  }

  static Tensor sinusoids(const Tensor& x) {  // for x [B, U, D] → [U, D]
    const std::int64_t half = x.size(2) / 2;
    const Tensor ones =
        full_like(x.select(0, 0).slice(1, 0, half).to(WEFT_DTYPE_FLOAT64), 1.0);  // [U, D/2]
    const Tensor u = cumulative_sum(ones, 0) - 1.0, k = cumulative_sum(ones, 1) - 1.0;
    const Tensor angle = u * exp(k * (-std::log(10000.0) / static_cast<double>(half)));
    return concat({sin(angle), cos(angle)}, 1).to(x.dtype());
  }

  Config config_;
  std::vector<Stage> stages_;
  Parameter mask_token_;
  std::optional<Linear> project_, out_;
  std::vector<ConformerBlock> blocks_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Conformer)
