// SPDX-License-Identifier: Apache-2.0
/// Vision transformer: an image as a sequence of patches.
///
///   e_i = x_i W_proj + b_proj                        x_i: patch i, flattened channel by channel
///   e_i = m for masked patches                       m: mask token, where `masked` is wired
///   Z_0 = [c; e_1; …; e_N] + P                       c: class token, if any; P: learned positions
///   Z_0 ← LN(Z_0)                                    with embedding_norm
///   Z'_l = MHSA(LN(Z_{l-1})) + Z_{l-1},  Z_l = FFN(LN(Z'_l)) + Z'_l
///   tokens = LN(Z_L)
///
/// Shapes  image [B, C, H, W], masked [B, M] bool, M = H W / P² patches; tokens [B, N, D], N = M
///         and one more with a class token; pooled [B, D]: the class token, or the mean over the
///         patches; with `projection` E a linear map of it, [B, E].
/// Errors  `patch` must divide height and width, `heads` dim; class pooling needs a class token.
/// Source  Dosovitskiy et al. 2020, arXiv:2010.11929; its strided convolution is this projection.
///         The mask token: BEiT, Bao et al. 2021, arXiv:2106.08254. Patches without bias,
///         embedding_norm and `projection`: CLIP, arXiv:2103.00020.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class VisionTransformer final : public Encoder {
 public:
  static constexpr Identity identity{"encoder.vit", "1.0.0",
                                     "Encode an image as contextualised patches."};

  static constexpr std::int64_t k_largest = 1 << 16;  // its products are numbers still

  struct Config {
    std::int64_t height = 32;
    std::int64_t width = 32;
    std::int64_t channels = 3;
    std::int64_t patch = 4;
    std::int64_t dim = 64;
    std::int64_t depth = 2;
    std::int64_t heads = 4;
    std::int64_t inner = 256;
    double dropout = 0.0;
    std::string activation = "gelu";
    bool class_token = false;
    bool mask_token = false;
    std::string pooling = "mean";
    double eps = 1e-6;
    bool patch_bias = true;
    bool embedding_norm = false;
    std::int64_t projection = 0;

    std::int64_t pooled_dim() const { return projection > 0 ? projection : dim; }
    std::int64_t patches() const { return (height / patch) * (width / patch); }
    std::int64_t tokens() const { return patches() + (class_token ? 1 : 0); }
    void describe(Fields& fields) {
      fields.add("height", height, "Height H of the image in pixels.")
          .at_least(1)
          .from_wire("image", 2);
      fields.add("width", width, "Width W of the image in pixels.")
          .at_least(1)
          .from_wire("image", 3);
      fields.add("channels", channels, "Channels C: 1 grey, 3 colour.")
          .at_least(1)
          .at_most(k_largest)
          .from_wire("image", 1);
      fields.add("patch", patch, "Edge P of a square patch; must divide height and width.")
          .at_least(1)
          .at_most(k_largest);
      fields.add("dim", dim, "Width D of the tokens.").at_least(1);
      fields.add("layers", depth, "Number of Transformer blocks.").at_least(1);
      fields.add("heads", heads, "Attention heads; must divide dim.").at_least(1);
      fields.add("ffn_dim", inner, "Inner width of the feed-forward network.").at_least(1);
      fields.add("dropout", dropout, "Probability of dropping an element in training.")
          .at_least(0.0)
          .below(1.0);
      fields.add("activation", activation, "Of the feed-forward network.")
          .one_of(activation_names());
      fields.add("class_token", class_token, "Put a learned token before the patches.");
      fields.add("mask_token", mask_token, "Have the mask token even where `masked` is not wired.");
      fields
          .add("pooling", pooling, "What `pooled` is: the mean of the patches or the class token.")
          .one_of({"mean", "class"});
      fields.add("eps", eps, "Added to the variance in layer normalisation.").above(0.0);
      fields.add("patch_bias", patch_bias, "Whether the projection of patches has a bias.");
      fields.add("embedding_norm", embedding_norm,
                 "Normalise patches with their positions before the blocks.");
      fields
          .add("projection", projection,
               "Width to which `pooled` is projected, without bias; 0: it stays as it is.")
          .at_least(0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("C", config.channels);
    ports.size("H", config.height);
    ports.size("W", config.width);
    ports.size("M", config.patches());
    ports.size("N", config.tokens());
    ports.size("D", config.dim);
    ports.size("E", config.pooled_dim());
    ports.input("image", "[B, C, H, W]", "Normalised pixels.");
    ports.optional_input("masked", "[B, M]", "True: a learned token stands for the patch.",
                         WEFT_DTYPES_BOOL);
    ports.output("tokens", "[B, N, D]", "One token for each patch, row by row.");
    ports.output("pooled", "[B, E]", "The whole image in one vector.");
    ports.size("A", config.heads);
    ports.on_demand_output("attention", "[B, A, N, N]",
                           "What a token takes of each in the last block, by head.");
  }

  VisionTransformer(const Config& config, const Parameters& parameters)
      : config_(config),
        project_(parameters, "project", config.channels * config.patch * config.patch, config.dim,
                 config.patch_bias),
        position_(parameters.add_without_decay("position", {config.tokens(), config.dim},
                                               Init::normal(0.02))),
        norm_(parameters, "norm", config.dim, config.eps) {
    require_whole_patches("height", config.height);
    require_whole_patches("width", config.width);
    if (config.pooling == "class" && !config.class_token)
      reject("pooling", "\"class\" needs class_token: true");
    if (config.class_token)
      class_token_ = parameters.add_without_decay("class_token", {config.dim}, Init::normal(0.02));
    if (config.mask_token || parameters.wired("masked") > 0)
      mask_token_ = parameters.add_without_decay("mask_token", {config.dim}, Init::normal(0.02));
    const BlockOptions options{config.dim,     config.heads, config.inner, config.activation,
                               config.dropout, true,         config.eps};
    for (std::int64_t i = 0; i < config.depth; ++i)
      blocks_.emplace_back(parameters, "block_" + std::to_string(i), options);
    if (config.embedding_norm)
      embedding_norm_ = LayerNorm(parameters, "embedding_norm", config.dim, config.eps);
    if (config.projection > 0)
      projection_ = Linear(parameters, "projection", config.dim, config.projection, false);
  }

  Outputs forward(const Inputs& in) const override {
    Tensor x = project_(image_patches(in["image"], config_.patch));  // [B, M, D]
    if (const Tensor masked = in["masked"])
      x = where(masked.unsqueeze(-1), mask_token_.tensor().to(x.dtype()), x);
    if (config_.class_token) {
      const Tensor first = class_token_.tensor().reshape({1, 1, config_.dim});
      x = concat({expand(first, {x.size(0), -1, -1}), x}, 1);  // [B, N, D]
    }
    x = x + position_;
    if (config_.embedding_norm) x = embedding_norm_(x);
    x = dropout(x, config_.dropout);
    Tensor attention;
    for (const TransformerBlock& block : blocks_) {
      if (&block == &blocks_.back() && in.wants("attention"))
        attention = block.attention_weights(x, Tensor());
      x = block(x, Tensor());
    }
    x = norm_(x);
    const Tensor pooled = config_.pooling == "class"
                              ? x.select(1, 0)
                              : mean(x.slice(1, config_.class_token ? 1 : 0, x.size(1)), {1});
    Outputs out{{"tokens", x}, {"pooled", config_.projection > 0 ? projection_(pooled) : pooled}};
    if (attention) out.emplace_back("attention", attention);
    return out;
  }

 private:
  void require_whole_patches(const char* field, std::int64_t size) const {
    if (size % config_.patch != 0)
      reject("patch",
             std::to_string(config_.patch) + " must divide " + field + " " + std::to_string(size));
  }

  Config config_;
  Linear project_;
  Parameter position_, class_token_, mask_token_;
  LayerNorm norm_, embedding_norm_;
  Linear projection_;
  std::vector<TransformerBlock> blocks_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::VisionTransformer)
