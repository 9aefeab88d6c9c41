// SPDX-License-Identifier: Apache-2.0
/// Interleaved encoder: documents of text, pictures and sound as one sequence.
///
///   e_l = E[t_l]                         where source_l = 0, a token of text
///   e_l = x_i W_image + b                where source_l = 1 + i, patch i of the pictures
///   e_l = s_j W_sound + b                where source_l = -1 - j, group j of frames
///   Z_0 = e + P[position_l] + K[kind_l]  kind: text, picture, sound
///   Z'_l = MHSA(LN(Z_{l-1})) + Z_{l-1},  Z_l = FFN(LN(Z'_l)) + Z'_l,  tokens = LN(Z_L)
///
/// Tokens attend to those of their own document only, with `causal` to earlier ones. A hidden patch
/// or group is replaced by a learned token. Where pictures or sounds stand in the sequence and the
/// encoder has none (height 0, frames 0), e_l = 0. `pictures` and `sounds` are the tokens at the
/// places of the patches and groups, for losses that guess them; where nothing stands they are the
/// first token's, and masks leave them out.
///
/// Shapes  tokens, position, document, source [B, L] int64, document 0 at padding;
///         pictures [B, C, M H, W], M of them one below the other, N = M H W / P² patches, row by
///         row; sounds [B, T, F], J = T / stride groups; …_at [B, N], [B, J] int64: their places in
///         the sequence; …_masked bool; out: tokens [B, L, D], mask [B, L], pooled [B, D], pictures
///         [B, N, D], sounds [B, J, D].
/// Errors  `heads` must divide dim, `patch` height and width, `stride` frames; a sequence longer
///         than `length`; a source beyond the patches and groups there are.
/// Source  patches and text in one sequence: Fuyu-8B (Bavishi et al. 2023); attention limited to a
///         document: packing as in Raffel et al. 2020, arXiv:1910.10683, with a mask.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Interleaved final : public Encoder {
 public:
  static constexpr Identity identity{"encoder.interleaved", "1.0.0",
                                     "Encode text, pictures and sound in one sequence."};

  struct Config {
    std::int64_t vocab = 256;
    std::int64_t length = 128;
    std::int64_t dim = 64;
    std::int64_t depth = 2;
    std::int64_t heads = 4;
    std::int64_t inner = 256;
    double dropout = 0.0;
    std::string activation = "gelu";
    bool causal = false;
    std::int64_t height = 0;
    std::int64_t width = 0;
    std::int64_t channels = 3;
    std::int64_t patch = 4;
    std::int64_t frames = 0;
    std::int64_t features = 40;
    std::int64_t stride = 4;

    std::int64_t patches() const { return (height / patch) * (width / patch); }
    std::int64_t groups() const { return frames / stride; }
    void describe(Fields& fields) {
      fields.add("vocab_size", vocab, "Number of tokens in the vocabulary.")
          .at_least(1)
          .from_classes("tokens");
      fields.add("max_length", length, "Most places a document may have.")
          .at_least(1)
          .from_wire("tokens", 1);
      fields.add("dim", dim, "Width D of the tokens.").at_least(1);
      fields.add("layers", depth, "Number of Transformer blocks.").at_least(1);
      fields.add("heads", heads, "Attention heads; must divide dim.").at_least(1);
      fields.add("ffn_dim", inner, "Inner width of the feed-forward network.").at_least(1);
      fields.add("dropout", dropout, "Probability of dropping an element in training.")
          .at_least(0.0)
          .below(1.0);
      fields.add("activation", activation, "Of the feed-forward network.")
          .one_of(activation_names());
      fields.add("causal", causal, "Whether a token sees only itself and earlier ones.");
      fields.add("height", height, "Height M H of all pictures in pixels; 0: no pictures.")
          .at_least(0)
          .from_wire("pictures", 2);
      fields.add("width", width, "Width W of the pictures in pixels.")
          .at_least(0)
          .from_wire("pictures", 3);
      fields.add("channels", channels, "Channels C: 1 grey, 3 colour.")
          .at_least(1)
          .from_wire("pictures", 1);
      fields.add("patch", patch, "Edge P of a square patch; must divide height and width.")
          .at_least(1);
      fields.add("frames", frames, "Frames T of all sounds; 0: no sounds.")
          .at_least(0)
          .from_wire("sounds", 1);
      fields.add("features", features, "Features F of a frame.").at_least(1).from_wire("sounds", 2);
      fields.add("frames_per_token", stride, "Frames of a group; must divide frames.").at_least(1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    for (const char* port : {"tokens", "position", "document", "source"})
      ports.input(port, "[B, L]", meaning(port), WEFT_DTYPES_INDEX);
    if (config.height > 0) {
      ports.size("C", config.channels);
      ports.size("H", config.height);
      ports.size("W", config.width);
      ports.size("N", config.patches());
      ports.input("pictures", "[B, C, H, W]", "The pictures, one below the other.");
      ports.input("pictures_at", "[B, N]", "Places of the patches.", WEFT_DTYPES_INDEX);
      ports.optional_input("pictures_masked", "[B, N]", "True: the patch is hidden.",
                           WEFT_DTYPES_BOOL);
    }
    if (config.frames > 0) {
      ports.size("T", config.frames);
      ports.size("F", config.features);
      ports.size("J", config.groups());
      ports.input("sounds", "[B, T, F]", "The sounds, one behind the other.");
      ports.input("sounds_at", "[B, J]", "Places of the groups.", WEFT_DTYPES_INDEX);
      ports.optional_input("sounds_masked", "[B, J]", "True: the group is hidden.",
                           WEFT_DTYPES_BOOL);
    }
    ports.output("tokens", "[B, L, D]", "The sequence in its context.");
    ports.mask_output("mask", "[B, L]", "tokens");
    ports.output("pooled", "[B, D]", "The mean of all that is real.");
    if (config.height > 0) ports.output("pictures", "[B, N, D]", "The tokens of the patches.");
    if (config.frames > 0) ports.output("sounds", "[B, J, D]", "The tokens of the groups.");
  }

  Interleaved(const Config& config, const Parameters& parameters)
      : config_(config),
        embedding_(parameters, "embedding", config.vocab, config.dim),
        position_(parameters, "position", config.length, config.dim),
        kind_(parameters, "kind", 3, config.dim),
        norm_(parameters, "norm", config.dim) {
    require_parts("patch", config.patch, "height", config.height);
    require_parts("patch", config.patch, "width", config.width);
    require_parts("stride", config.stride, "frames", config.frames);
    if (config.height > 0) {
      picture_ =
          Linear(parameters, "picture", config.channels * config.patch * config.patch, config.dim);
      if (parameters.wired("pictures_masked") > 0)
        hidden_picture_ =
            parameters.add_without_decay("hidden_picture", {config.dim}, Init::normal(0.02));
    }
    if (config.frames > 0) {
      sound_ = Linear(parameters, "sound", config.stride * config.features, config.dim);
      if (parameters.wired("sounds_masked") > 0)
        hidden_sound_ =
            parameters.add_without_decay("hidden_sound", {config.dim}, Init::normal(0.02));
    }
    BlockOptions options;
    options.dim = config.dim;
    options.heads = config.heads;
    options.inner = config.inner;
    options.activation = config.activation;
    options.dropout = config.dropout;
    for (std::int64_t i = 0; i < config.depth; ++i)
      blocks_.emplace_back(parameters, "block_" + std::to_string(i), options);
  }

  void infer(Shapes& shapes) const override { require_fits(shapes.input("tokens")[1]); }

  Outputs forward(const Inputs& in) const override {
    const Tensor document = in["document"], source = in["source"];
    require_fits(document.size(1));  // a look-up beyond the table would end the process on a GPU
    const Tensor mask = not_equal(document, 0);
    const Tensor x = embedding_(in["tokens"]);
    const Tensor e = where(equal(source, 0).unsqueeze(-1), x, media(in, x, source));
    Tensor z = e + position_(in["position"]) + kind_(kinds(source));
    z = dropout(z, config_.dropout);
    const Tensor same = same_document(document, mask);
    for (const TransformerBlock& block : blocks_) z = block(z, same, config_.causal);
    z = norm_(z);
    Outputs out{{"tokens", z}, {"mask", mask}, {"pooled", masked_mean(z, mask)}};
    if (config_.height > 0) out.emplace_back("pictures", at(z, in["pictures_at"]));
    if (config_.frames > 0) out.emplace_back("sounds", at(z, in["sounds_at"]));
    return out;
  }

 private:
  static const char* meaning(const std::string& port) {
    if (port == "tokens") return "Numbers of the tokens of text.";
    if (port == "position") return "Place in the document, from 0.";
    if (port == "document") return "Which document, from 1; 0 at padding.";
    return "What stands here: 0 text, from 1 up the patches, from -1 down the groups of frames.";
  }

  /// What the patches and groups give at their places; zeros, or anything, elsewhere.
  Tensor media(const Inputs& in, const Tensor& text, const Tensor& source) const {
    const Tensor nothing = full_like(text.slice(1, 0, 1), 0.0);  // [B, 1, D]
    std::vector<Tensor> all{nothing};
    if (config_.height > 0)
      all.push_back(seen(picture_(image_patches(in["pictures"], config_.patch)),
                         in["pictures_masked"], hidden_picture_));
    if (config_.frames > 0) {
      const Tensor groups =
          in["sounds"].reshape({-1, config_.groups(), config_.stride * config_.features});
      all.push_back(seen(sound_(groups), in["sounds_masked"], hidden_sound_));
    }
    // The row of `all` for each place: patches behind nothing, groups behind the patches.
    Tensor row = source;
    const Tensor nowhere = full_like(row, 0.0);
    if (config_.height == 0) row = where(at_least(row, 1), nowhere, row);
    const Tensor group =
        config_.frames == 0 ? nowhere : full_like(row, static_cast<double>(patches())) - row;
    row = where(at_least(row, 0), row, group);
    return at(concat(all, 1), row);
  }

  std::int64_t patches() const { return config_.height > 0 ? config_.patches() : 0; }

  static Tensor seen(const Tensor& x, const Tensor& masked, const Parameter& hidden) {
    return masked ? where(masked.unsqueeze(-1), hidden.tensor().to(x.dtype()), x) : x;
  }

  /// x [B, N, D] at places [B, L] → [B, L, D].
  Tensor at(const Tensor& x, const Tensor& places) const {
    return gather(x, 1, expand(places.unsqueeze(-1), {-1, -1, config_.dim}));
  }

  Tensor kinds(const Tensor& source) const {
    const Tensor sound = logical_not(at_least(source, 0)).to(WEFT_DTYPE_INT64);
    return at_least(source, 1).to(WEFT_DTYPE_INT64) + sound + sound;
  }

  static void require_parts(const char* field, std::int64_t part, const char* whole,
                            std::int64_t size) {
    if (size % part != 0)
      reject(field, std::to_string(part) + " must divide " + whole + " " + std::to_string(size));
  }

  void require_fits(std::int64_t found) const {
    if (found > config_.length)
      reject("max_length", "is " + std::to_string(config_.length) + ", but the sequence has " +
                               std::to_string(found) + " places");
  }

  Config config_;
  Embedding embedding_, position_, kind_;
  Linear picture_, sound_;
  Parameter hidden_picture_, hidden_sound_;
  std::vector<TransformerBlock> blocks_;
  LayerNorm norm_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Interleaved)
