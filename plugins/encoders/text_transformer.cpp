// SPDX-License-Identifier: Apache-2.0
/// Text transformer: token numbers into contextualised tokens.
///
///   Z_0 = E[t_j] + P[p_j] + S[s_j]   p_j = f - 1 + (number of real tokens up to and with j), f:
///                                    first_position; at pads f - 1, but 0 at least. S, if any: of
///                                    the segments s_j, which are 0 where nothing is wired
///   pre    Z'_l = MHSA(LN(Z_{l-1})) + Z_{l-1},  Z_l = FFN(LN(Z'_l)) + Z'_l,  tokens = LN(Z_L)
///   post   Z_0 ← LN(Z_0),  Z'_l = LN(MHSA(Z_{l-1}) + Z_{l-1}),  Z_l = LN(FFN(Z'_l) + Z'_l)
///   pooled = W q, where q is the mean over real tokens, the first or the last of them; with
///            `pooler` tanh(A q + a) stands for q. W, if any: projection
///
/// Shapes  tokens [B, L] int64, mask [B, L], segments [B, L] int64; tokens [B, L, D], mask [B, L],
///         pooled [B, D or projection]. Without a mask, all but pad_id is real.
/// Errors  `heads` must divide dim; `pad_id` must lie in the vocabulary; text longer than `length`.
/// Source  "post", segments and `pooler`: BERT, arXiv:1810.04805; positions from pad_id + 1 on:
///         RoBERTa, arXiv:1907.11692. "pre": ViT, arXiv:2010.11929. `causal`, pooling "last" and
///         `projection`: CLIP, arXiv:2103.00020.

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
    std::int64_t first_position = -1;
    std::int64_t segments = 0;
    bool causal = false;
    bool pooler = false;
    std::int64_t projection = 0;

    std::int64_t first() const { return first_position < 0 ? pad_id + 1 : first_position; }
    std::int64_t pooled_dim() const { return projection > 0 ? projection : dim; }
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
      fields
          .add("pooling", pooling,
               "What `pooled` is: the mean of real tokens, the first or the last one.")
          .one_of({"mean", "first", "last"});
      fields.add("eps", eps, "Added to the variance in layer normalisation.").above(0.0);
      fields
          .add("pad_id", pad_id, "Token that fills up short texts; positions count from the next.")
          .at_least(0);
      fields
          .add("first_position", first_position,
               "Row of the position table that the first token takes: 0 as BERT does; -1: pad_id + "
               "1 as RoBERTa does.")
          .at_least(-1);
      fields
          .add("segments", segments,
               "Kinds of segments, such as BERT's 2 for pairs of texts; 0: there are none.")
          .at_least(0);
      fields.add("causal", causal, "Whether a token sees only itself and earlier ones.");
      fields.add("pooler", pooler,
                 "Whether `pooled` goes through a layer with tanh, as BERT's does.");
      fields
          .add("projection", projection,
               "Width to which `pooled` is projected, without bias; 0: it stays as it is.")
          .at_least(0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.size("E", config.pooled_dim());
    ports.input("tokens", "[B, L]", "Numbers of the tokens.", WEFT_DTYPES_INDEX);
    ports.mask_input("mask", "[B, L]", "tokens");
    if (config.segments > 0)
      ports.optional_input("segments", "[B, L]", "Which segment a token is of.", WEFT_DTYPES_INDEX);
    ports.output("tokens", "[B, L, D]", "The tokens in their context.");
    ports.mask_output("mask", "[B, L]", "tokens");
    ports.output("pooled", "[B, E]", "The whole text in one vector.");
    ports.size("H", config.heads);
    ports.on_demand_output("attention", "[B, H, L, L]",
                           "What a token takes of each in the last block, by head.");
  }

  TextTransformer(const Config& config, const Parameters& parameters)
      : config_(config),
        embedding_(parameters, "embedding", config.vocab, config.dim),
        position_(parameters, "position", config.length + config.first(), config.dim),
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
    if (config.segments > 0)
      segment_ = Embedding(parameters, "segment", config.segments, config.dim);
    if (config.pooler) pooler_ = Linear(parameters, "pooler", config.dim, config.dim);
    if (config.projection > 0)
      projection_ = Linear(parameters, "projection", config.dim, config.projection, false);
  }

  void infer(Shapes& shapes) const override { require_fits(shapes.input("tokens")[1]); }

  Outputs forward(const Inputs& in) const override {
    const Tensor ids = in["tokens"];
    require_fits(ids.size(1));  // a look-up beyond the table would end the process on a GPU
    const Tensor mask = in["mask"] ? in["mask"] : not_equal(ids, config_.pad_id);
    const Tensor real = mask.to(WEFT_DTYPE_INT64);
    Tensor positions = cumulative_sum(real, 1) * real + (config_.first() - 1);
    if (config_.first() == 0) positions = relu(positions);
    Tensor x = embedding_(ids) + position_(positions);  // [B, L, D]
    if (config_.segments > 0) {
      const Tensor segments = in["segments"];
      x = x + segment_(segments ? segments : full_like(ids, 0.0));
    }
    if (config_.norm == "post") x = norm_(x);
    x = dropout(x, config_.dropout);
    Tensor attention;
    for (const TransformerBlock& block : blocks_) {
      if (&block == &blocks_.back() && in.wants("attention"))
        attention = block.attention_weights(x, mask, config_.causal);
      x = block(x, mask, config_.causal);
    }
    if (config_.norm == "pre") x = norm_(x);
    Outputs out{{"tokens", x}, {"mask", mask}, {"pooled", pooled(x, mask)}};
    if (attention) out.emplace_back("attention", attention);
    return out;
  }

 private:
  /// [B, L, D] → [B, E]
  Tensor pooled(const Tensor& x, const Tensor& mask) const {
    Tensor whole;
    if (config_.pooling == "first") {
      whole = x.select(1, 0);
    } else if (config_.pooling == "last") {
      const Tensor count = cumulative_sum(mask.to(WEFT_DTYPE_INT64), 1);
      whole = masked_mean(x, logical_and(mask, equal(count, sum(mask, {1}, true))));
    } else {
      whole = masked_mean(x, mask);
    }
    if (config_.pooler) whole = tanh(pooler_(whole));
    return config_.projection > 0 ? projection_(whole) : whole;
  }
  void require_fits(std::int64_t found) const {
    if (found > config_.length)
      reject("max_length", "is " + std::to_string(config_.length) + ", but the text has " +
                               std::to_string(found) + " tokens");
  }

  Config config_;
  Embedding embedding_, position_, segment_;
  LayerNorm norm_;
  std::vector<TransformerBlock> blocks_;
  Linear pooler_, projection_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::TextTransformer)
