// SPDX-License-Identifier: Apache-2.0
/// Language model: scores the next token from the tokens before it alone, as GPT-2 and Llama do.
///
///   Z_0 = E[y] + P                                     P: learned positions, unless rotary
///   Z'_l = CausalMHSA(N(Z_{l-1})) + Z_{l-1}            N: layer or RMS normalisation
///   Z_l = FFN(N(Z'_l)) + Z'_l                          FFN: with a gate, if `gated`
///   logits = N(Z_L) W, or N(Z_L) Eᵀ if tied;           P(y_{t+1} | y_{≤t}) = softmax(logits_t)
///
/// Rotary positions turn queries and keys instead. `key_heads` heads of keys and values serve
/// `heads` heads of queries. Row t never sees a token after t, so that pads, which follow the end,
/// need no mask. In a sequence S counts the new tokens, keys and values of the others are kept.
///
/// Shapes  target y [B, S] int64; logits [B, S, V], tokens N(Z_L) [B, S, D].
/// Errors  `heads` must divide dim, `key_heads` heads, and dim / heads be even for rotary
///         positions; begin_id, end_id and pad_id must lie in the vocabulary; a target longer than
///         `max_length`.
/// Source  Radford et al. 2019 (GPT-2): "layer", "learned", tied, bias. Touvron et al. 2023,
///         arXiv:2302.13971 (Llama): "rms", "rotary", gated with silu, no bias; groups of heads:
///         Ainslie et al. 2023, arXiv:2305.13245.

#include <weft/plugin.hpp>

#include "language_block.hpp"
#include "special_tokens.hpp"

namespace weft {
namespace {

class LanguageModel final : public Decoder {
 public:
  static constexpr Identity identity{"decoder.language_model", "1.0.0",
                                     "Score the next token from those before it."};

  struct Config {
    std::int64_t vocab = 256;
    std::int64_t length = 128;
    std::int64_t dim = 64;
    std::int64_t depth = 2;
    std::int64_t heads = 4;
    std::int64_t key_heads = 0;
    std::int64_t inner = 256;
    std::string activation = "gelu";
    bool gated = false;
    std::string norm = "layer";
    double eps = 1e-5;
    std::string positions = "learned";
    double rotary_base = 10000.0;
    bool attention_bias = true;
    bool ffn_bias = true;
    bool tied = true;
    double dropout = 0.0;
    SpecialTokens special;

    void describe(Fields& fields) {
      fields.add("vocab_size", vocab, "Number V of tokens in the vocabulary.")
          .at_least(1)
          .from_classes("target");
      fields.add("max_length", length, "Most tokens a text may have, begin included.")
          .at_least(1)
          .from_wire("target", 1);
      fields.add("dim", dim, "Width D of the tokens.").at_least(1);
      fields.add("layers", depth, "Number of blocks.").at_least(1);
      fields.add("heads", heads, "Attention heads; must divide dim.").at_least(1);
      fields
          .add("key_heads", key_heads,
               "Heads of keys and values; must divide heads; 0: as many as heads.")
          .at_least(0);
      fields.add("ffn_dim", inner, "Inner width of the feed-forward network.").at_least(1);
      fields.add("activation", activation, "Of the feed-forward network, or of its gate.")
          .one_of(activation_names());
      fields.add("gated", gated, "Whether the feed-forward network has a gate; SwiGLU with silu.");
      fields.add("norm", norm, "Layer or RMS normalisation.").one_of({"layer", "rms"});
      fields.add("eps", eps, "Added to the variance, or the mean square, in it.").above(0.0);
      fields.add("positions", positions, "A learned vector for each, or turned queries and keys.")
          .one_of({"learned", "rotary"});
      fields.add("rotary_base", rotary_base, "Base of the angles of rotary positions.").above(0.0);
      fields.add("attention_bias", attention_bias, "Whether the layers of attention have biases.");
      fields.add("ffn_bias", ffn_bias, "Whether the feed-forward network has biases.");
      fields.add("tied", tied, "Use the embedding for the output layer too, as E transposed.");
      fields.add("dropout", dropout, "Probability of dropping an element in training.")
          .at_least(0.0)
          .below(1.0);
      special.describe(fields);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("V", config.vocab);
    ports.size("D", config.dim);
    ports.input("target", "[B, S]", "Tokens so far, from begin_id on.", WEFT_DTYPES_INDEX);
    ports.output("logits", "[B, S, V]", "Row t scores the token at t + 1.");
    ports.output("tokens", "[B, S, D]", "The tokens in the context of those before them.");
  }

  LanguageModel(const Config& config, const Parameters& parameters)
      : config_(config),
        extension_(config.special.extension()),
        embedding_(parameters, "embedding", config.vocab, config.dim),
        norm_(parameters, "norm", options(config)) {
    config.special.require_below(config.vocab);
    if (config.positions == "learned")
      position_ =
          parameters.add_without_decay("position", {config.length, config.dim}, Init::normal(0.02));
    for (std::int64_t i = 0; i < config.depth; ++i)
      blocks_.emplace_back(parameters, "block_" + std::to_string(i), options(config));
    if (!config.tied) out_ = Linear(parameters, "out", config.dim, config.vocab, false);
    parameters.incremental();
  }

  void infer(Shapes& shapes) const override {
    require_fits(shapes.input("target")[1], config_.length);
  }

  const void* extension(std::string_view id) const override {
    return id == WEFT_AUTOREGRESSIVE ? &extension_ : nullptr;
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor target = in["target"];
    require_fits(target.size(1), config_.length);
    Tensor x = embedding_(target);  // [B, S, D]
    if (config_.positions == "learned") x = x + position_rows(position_, target.size(1));
    x = dropout(x, config_.dropout);
    for (const LanguageBlock& block : blocks_) x = block(x);
    x = norm_(x);
    const Tensor logits = config_.tied ? linear(x, embedding_.table(), Tensor()) : out_(x);
    return {{"logits", logits}, {"tokens", x}};
  }

 private:
  static LanguageOptions options(const Config& config) {
    const double base = config.positions == "rotary" ? config.rotary_base : 0.0;
    const std::int64_t key_heads = config.key_heads > 0 ? config.key_heads : config.heads;
    return {
        config.dim,
        config.inner,
        {config.dim, config.heads, key_heads, base, config.attention_bias, /*remembers_past=*/true},
        config.activation,
        config.norm == "rms",
        config.gated,
        config.ffn_bias,
        config.dropout,
        config.eps};
  }
  Config config_;
  weft_autoregressive extension_;
  Embedding embedding_;
  EitherNorm norm_;
  Parameter position_;
  std::vector<LanguageBlock> blocks_;
  Linear out_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::LanguageModel)
