// SPDX-License-Identifier: Apache-2.0
/// Autoregressive decoder: writes text token after token while it attends to the reasoning state.
///
///   Z_0 = E[y] + P
///   Z'_l = CausalMHSA(LN(Z_{l-1})) + Z_{l-1}
///   Z''_l = CrossMHA(LN(Z'_l), R) + Z'_l,  Z_l = FFN(LN(Z''_l)) + Z''_l
///   logits = LN(Z_L) W + b, or LN(Z_L) Eᵀ if tied;  P(y_{t+1} | y_{≤t}, R) = softmax(logits_t)
///
/// Row t never sees a token after t, so that pads, which follow the end, need no mask. In a
/// sequence S counts the new tokens, keys and values of the others are kept.
///
/// Shapes  state R [B, N, D], mask [B, N], target y [B, S] int64; logits [B, S, V]. On demand:
///         attention [B, H, S, N].
/// Errors  `heads` must divide dim; begin_id, end_id and pad_id must lie in the vocabulary; a
///         target longer than `length`.
/// Source  Vaswani et al. 2017, arXiv:1706.03762, with the norms before the layers.

#include <weft/plugin.hpp>

#include "decoder_block.hpp"
#include "special_tokens.hpp"

namespace weft {
namespace {

class Autoregressive final : public Decoder {
 public:
  static constexpr Identity identity{"decoder.autoregressive", "1.0.0",
                                     "Write text token after token from the reasoning state."};

  struct Config {
    std::int64_t vocab = 256;
    std::int64_t length = 32;
    std::int64_t dim = 64;
    std::int64_t depth = 1;
    std::int64_t heads = 4;
    std::int64_t inner = 256;
    double dropout = 0.0;
    std::string activation = "gelu";
    SpecialTokens special;
    bool tied = false;

    void describe(Fields& fields) {
      fields.add("vocab_size", vocab, "Number V of tokens in the vocabulary.")
          .at_least(1)
          .from_classes("target");
      fields.add("max_length", length, "Most tokens a text may have, begin included.")
          .at_least(1)
          .from_wire("target", 1);
      fields.add("dim", dim, "Width D of the state and of the tokens.")
          .at_least(1)
          .from_wire("state", 2);
      fields.add("layers", depth, "Number of decoder blocks.").at_least(1);
      fields.add("heads", heads, "Attention heads; must divide dim.").at_least(1);
      fields.add("ffn_dim", inner, "Inner width of the feed-forward network.").at_least(1);
      fields.add("dropout", dropout, "Probability of dropping an element in training.")
          .at_least(0.0)
          .below(1.0);
      fields.add("activation", activation, "Of the feed-forward network.")
          .one_of(activation_names());
      special.describe(fields);
      fields.add("tied", tied, "Use the embedding for the output layer too, as E transposed.");
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.size("V", config.vocab);
    ports.input("state", "[B, N, D]", "The reasoning state.");
    ports.mask_input("mask", "[B, N]", "state");
    ports.input("target", "[B, S]", "Tokens so far, from begin_id on.", WEFT_DTYPES_INDEX);
    ports.output("logits", "[B, S, V]", "Row t scores the token at t + 1.");
    ports.size("H", config.heads);
    ports.on_demand_output("attention", "[B, H, S, N]",
                           "What a token takes of the state in the last block, by head.");
  }

  Autoregressive(const Config& config, const Parameters& parameters)
      : config_(config),
        extension_(config.special.extension()),
        embedding_(parameters, "embedding", config.vocab, config.dim),
        position_(parameters.add_without_decay("position", {config.length, config.dim},
                                               Init::normal(0.02))),
        norm_(parameters, "norm", config.dim) {
    config.special.require_below(config.vocab);
    BlockOptions options{config.dim,     config.heads, config.inner, config.activation,
                         config.dropout, true,         1e-5};
    options.remembers = Remembers::past;
    for (std::int64_t i = 0; i < config.depth; ++i)
      blocks_.emplace_back(parameters, "block_" + std::to_string(i), options);
    if (!config.tied) out_ = Linear(parameters, "out", config.dim, config.vocab);
    parameters.incremental();
  }

  void infer(Shapes& shapes) const override {
    require_fits(shapes.input("target")[1], config_.length);
  }

  const void* extension(std::string_view id) const override {
    return id == WEFT_AUTOREGRESSIVE ? &extension_ : nullptr;
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor state = in["state"], mask = in["mask"], target = in["target"];
    require_fits(target.size(1), config_.length);
    const Tensor positions = position_rows(position_, target.size(1));    // [S, D] or [B, S, D]
    Tensor x = dropout(embedding_(target) + positions, config_.dropout);  // [B, S, D]
    Tensor attention;
    for (const DecoderBlock& block : blocks_) {
      const bool is_asked = &block == &blocks_.back() && in.wants("attention");
      x = block(x, state, mask, /*causal=*/true, is_asked ? &attention : nullptr);
    }
    x = norm_(x);
    Outputs out{{"logits", config_.tied ? linear(x, embedding_.table(), Tensor()) : out_(x)}};
    if (attention) out.emplace_back("attention", attention);
    return out;
  }

 private:
  Config config_;
  weft_autoregressive extension_;
  Embedding embedding_;
  Parameter position_;
  std::vector<DecoderBlock> blocks_;
  LayerNorm norm_;
  Linear out_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Autoregressive)
