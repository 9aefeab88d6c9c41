// SPDX-License-Identifier: Apache-2.0
/// Text transformer: token numbers into contextualised tokens.
///
///   Z_0 = E[t_j] + P[p_j],  p_j = pad_id + (number of real tokens up to and with j), pad_id at
///   pads pre    Z'_l = MHSA(LN(Z_{l-1})) + Z_{l-1},  Z_l = FFN(LN(Z'_l)) + Z'_l,  tokens = LN(Z_L)
///   post   Z_0 ← LN(Z_0),  Z'_l = LN(MHSA(Z_{l-1}) + Z_{l-1}),  Z_l = LN(FFN(Z'_l) + Z'_l)
///
/// Shapes  tokens [B, L] int64, mask [B, L]; tokens [B, L, D], mask [B, L], pooled [B, D]: the mean
///         over real tokens, or the first token. Without a mask, all but pad_id is real.
/// Errors  `heads` must divide dim; `pad_id` must lie in the vocabulary; text longer than `length`.
/// Source  "post" and the positions: RoBERTa, arXiv:1907.11692, whose segment vector, there being
///         one segment only, is part of P here. "pre": ViT, arXiv:2010.11929.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class TextTransformer final : public Encoder {
 public:
  static constexpr Identity identity{"encoder.text_transformer", "1.0.0",
                                     "Encode tokenised text as contextualised tokens."};

  struct Config {
    std::int64_t vocab = 256;
    std::int64_t length = 128;
    std::int64_t dim = 64;
    std::int64_t depth = 2;
    std::int64_t heads = 4;
    std::int64_t inner = 256;
    double dropout = 0.0;
    std::string activation = "gelu";
    std::string norm = "pre";
    std::string pooling = "mean";
    double eps = 1e-5;
    std::int64_t pad_id = 0;

    void describe(Fields& fields) {
      fields.add("vocab_size", vocab, "Number of tokens in the vocabulary.")
          .at_least(1)
          .from_classes("tokens");
      fields.add("max_length", length, "Most tokens a text may have.")
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
      fields.add("norm", norm, "Normalise before each layer, or after it as RoBERTa does.")
          .one_of({"pre", "post"});
      fields.add("pooling", pooling, "What `pooled` is: the mean of real tokens, or the first one.")
          .one_of({"mean", "first"});
      fields.add("eps", eps, "Added to the variance in layer normalisation.").above(0.0);
      fields
          .add("pad_id", pad_id, "Token that fills up short texts; positions count from the next.")
          .at_least(0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input("tokens", "[B, L]", "Numbers of the tokens.", WEFT_DTYPES_INDEX);
    ports.mask_input("mask", "[B, L]", "tokens");
    ports.output("tokens", "[B, L, D]", "The tokens in their context.");
    ports.mask_output("mask", "[B, L]", "tokens");
    ports.output("pooled", "[B, D]", "The whole text in one vector.");
  }

  TextTransformer(const Config& config, const Parameters& parameters)
      : config_(config),
        embedding_(parameters, "embedding", config.vocab, config.dim),
        position_(parameters, "position", config.length + config.pad_id + 1, config.dim),
        norm_(parameters, config.norm == "pre" ? "norm" : "embedding_norm", config.dim,
              config.eps) {
    if (config.pad_id >= config.vocab)
      reject("pad_id", std::to_string(config.pad_id) + " must be less than vocab_size " +
                           std::to_string(config.vocab));
    const BlockOptions options{config.dim,        config.heads,   config.inner,
                               config.activation, config.dropout, config.norm == "pre",
                               config.eps};
    for (std::int64_t i = 0; i < config.depth; ++i)
      blocks_.emplace_back(parameters, "block_" + std::to_string(i), options);
  }

  void infer(Shapes& shapes) const override { require_fits(shapes.input("tokens")[1]); }

  Outputs forward(const Inputs& in) const override {
    const Tensor ids = in["tokens"];
    require_fits(ids.size(1));  // a look-up beyond the table would end the process on a GPU
    const Tensor mask = in["mask"] ? in["mask"] : not_equal(ids, config_.pad_id);
    const Tensor real = mask.to(WEFT_DTYPE_INT64);
    const Tensor positions = cumulative_sum(real, 1) * real + config_.pad_id;
    Tensor x = embedding_(ids) + position_(positions);  // [B, L, D]
    if (config_.norm == "post") x = norm_(x);
    x = dropout(x, config_.dropout);
    for (const TransformerBlock& block : blocks_) x = block(x, mask);
    if (config_.norm == "pre") x = norm_(x);
    const Tensor pooled = config_.pooling == "first" ? x.select(1, 0) : masked_mean(x, mask);
    return {{"tokens", x}, {"mask", mask}, {"pooled", pooled}};
  }

 private:
  void require_fits(std::int64_t found) const {
    if (found > config_.length)
      reject("max_length", "is " + std::to_string(config_.length) + ", but the text has " +
                               std::to_string(found) + " tokens");
  }

  Config config_;
  Embedding embedding_, position_;
  LayerNorm norm_;
  std::vector<TransformerBlock> blocks_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::TextTransformer)
