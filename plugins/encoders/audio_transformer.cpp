// SPDX-License-Identifier: Apache-2.0
/// Audio transformer: two convolutions halve the frames of a spectrogram, a Transformer encodes
/// them.
///
///   X = gelu(conv₂(gelu(conv₁(features)))) + P     conv₁: width 3; conv₂: width 3, stride 2;
///                                                  P: learned positions
///   Z'_l = MHSA(LN(Z_{l-1})) + Z_{l-1},  Z_l = FFN(LN(Z'_l)) + Z'_l,  tokens = LN(Z_L)
///
/// The keys of attention have no bias. With `masked` false silence behind a recording is heard like
/// the recording itself, as Whisper's encoder does, which always hears 30 s.
///
/// Shapes  features [B, T, F], mask [B, T]; tokens [B, U, D], mask [B, U], U = ⌈T / 2⌉; pooled
///         [B, D], the mean over real tokens.
/// Errors  `heads` must divide dim; more tokens than `max_length`.
/// Source  Radford et al. 2022, arXiv:2212.04356, whose positions are sinusoids.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class AudioTransformer final : public Encoder {
 public:
  static constexpr Identity identity{"encoder.audio_transformer", "1.0.0",
                                     "Encode frames of sound by convolutions and attention."};

  struct Config {
    std::int64_t features = 80;
    std::int64_t length = 1500;
    std::int64_t dim = 64;
    std::int64_t depth = 2;
    std::int64_t heads = 4;
    std::int64_t inner = 256;
    std::string activation = "gelu";
    double dropout = 0.0;
    double eps = 1e-5;
    bool masked = true;

    void describe(Fields& fields) {
      fields.add("features", features, "Numbers F in a frame, such as mel bands.")
          .at_least(1)
          .from_wire("features", 2);
      fields.add("max_length", length, "Most tokens: half as many as frames, rounded up.")
          .at_least(1);
      fields.add("dim", dim, "Width D of the tokens.").at_least(1);
      fields.add("layers", depth, "Number of Transformer blocks.").at_least(1);
      fields.add("heads", heads, "Attention heads; must divide dim.").at_least(1);
      fields.add("ffn_dim", inner, "Inner width of the feed-forward network.").at_least(1);
      fields.add("activation", activation, "Of the feed-forward network.")
          .one_of(activation_names());
      fields.add("dropout", dropout, "Probability of dropping an element in training.")
          .at_least(0.0)
          .below(1.0);
      fields.add("eps", eps, "Added to the variance in layer normalisation.").above(0.0);
      fields.add("masked", masked, "Whether attention and `pooled` leave padding out.");
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("F", config.features);
    ports.size("D", config.dim);
    ports.input("features", "[B, T, F]", "Frames in time order.");
    ports.mask_input("mask", "[B, T]", "features");
    ports.output("tokens", "[B, U, D]", "The frames, two by two, in their context.");
    ports.mask_output("mask", "[B, U]", "tokens");
    ports.output("pooled", "[B, D]", "The whole sound in one vector.");
  }

  AudioTransformer(const Config& config, const Parameters& parameters)
      : config_(config),
        convolution_1_(parameters, "convolution_1", config.features, config.dim, 3),
        convolution_2_(parameters, "convolution_2", config.dim, config.dim, 3, 2),
        position_(parameters.add_without_decay("position", {config.length, config.dim},
                                               Init::normal(0.02))),
        norm_(parameters, "norm", config.dim, config.eps) {
    BlockOptions options;
    options.dim = config.dim;
    options.heads = config.heads;
    options.inner = config.inner;
    options.activation = config.activation;
    options.dropout = config.dropout;
    options.eps = config.eps;
    options.key_bias = false;
    for (std::int64_t i = 0; i < config.depth; ++i)
      blocks_.emplace_back(parameters, "block_" + std::to_string(i), options);
  }

  void infer(Shapes& shapes) const override {
    const std::int64_t length = halved(shapes.input("features")[1]);
    require_fits(length);
    shapes.set("tokens", 1, length);
    shapes.set("mask", 1, length);
  }

  Outputs forward(const Inputs& in) const override {
    Tensor mask = config_.masked ? in["mask"] : Tensor();
    require_fits(halved(in["features"].size(1)));
    const Tensor frames = zero_padding(in["features"], mask);  // [B, T, F]
    // Frames beside padding see zeros, as they do at the end of a recording that fills its row.
    Tensor x = zero_padding(gelu(convolution_1_(frames)), mask);
    x = gelu(convolution_2_(x));  // [B, U, D]
    if (mask) mask = mask.slice(1, 0, mask.size(1), 2);
    x = dropout(x + position_.tensor().slice(0, 0, x.size(1)), config_.dropout);
    for (const TransformerBlock& block : blocks_) x = block(x, mask);
    x = norm_(x);
    if (!mask) mask = full_mask(x);
    return {{"tokens", x}, {"mask", mask}, {"pooled", masked_mean(x, mask)}};
  }

 private:
  static std::int64_t halved(std::int64_t size) { return (size + 1) / 2; }
  void require_fits(std::int64_t found) const {
    if (found > config_.length)
      reject("max_length", "is " + std::to_string(config_.length) + ", but the sound has " +
                               std::to_string(found) + " tokens");
  }

  Config config_;
  Convolution convolution_1_, convolution_2_;
  Parameter position_;
  LayerNorm norm_;
  std::vector<TransformerBlock> blocks_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::AudioTransformer)
