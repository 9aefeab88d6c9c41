// SPDX-License-Identifier: Apache-2.0
/// Reasoning core: a Transformer stack over the fused tokens, applied once or more often.
///
///   S = [w_1; …; w_K; tokens]                        w: learned workspace tokens, if any
///   each pass p:  S ← Block_L(… Block_1(S + e_p))    e_p: learned vector, if passes > 1
///   state = LN(S)
///   Block: Z' = MHSA(LN(Z)) + Z,  FFN(LN(Z')) + Z'
///
/// Where `document` is wired, a token sees those of its own document only: several documents may
/// share a sequence. Passes share their weights: the same stack refines its own result, as a
/// workspace. `causal` lets a token see only itself and earlier ones, for reasoning written step by
/// step.
///
/// Shapes  tokens [B, N, D], mask [B, N], document [B, N] int64, 0 at padding; state [B, K + N, D],
/// mask [B, K + N], pooled [B, D], the
///         mean over real tokens.
/// Errors  `heads` must divide dim; a workspace would lead from one document to another.
/// Source  the stack: Vaswani et al. 2017; passes: Dehghani et al. 2018, arXiv:1807.03819, over the
///         whole stack instead of one block.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class DecoderStack final : public Reasoning {
 public:
  static constexpr Identity identity{"reasoning.decoder_stack", "1.0.0",
                                     "Refine the fused tokens in a Transformer stack."};

  struct Config {
    std::int64_t dim = 64;
    std::int64_t depth = 2;
    std::int64_t heads = 4;
    std::int64_t inner = 256;
    double dropout = 0.0;
    std::string activation = "gelu";
    bool causal = false;
    std::int64_t passes = 1;
    std::int64_t latents = 0;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of the tokens.").at_least(1).from_wire("tokens", 2);
      fields.add("layers", depth, "Number of Transformer blocks.").at_least(1);
      fields.add("heads", heads, "Attention heads; must divide dim.").at_least(1);
      fields.add("ffn_dim", inner, "Inner width of the feed-forward network.").at_least(1);
      fields.add("dropout", dropout, "Probability of dropping an element in training.")
          .at_least(0.0)
          .below(1.0);
      fields.add("activation", activation, "Of the feed-forward network.")
          .one_of(activation_names());
      fields.add("causal", causal, "Whether a token sees only itself and earlier ones.");
      fields.add("passes", passes, "How often the stack is applied to its own result.").at_least(1);
      fields.add("latents", latents, "Learned workspace tokens put before the others.").at_least(0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input("tokens", "[B, N, D]", "What to reason about.");
    ports.mask_input("mask", "[B, N]", "tokens");
    ports.optional_input("document", "[B, N]", "Which document a token belongs to.",
                         WEFT_DTYPES_INDEX);
    ports.output("state", "[B, M, D]", "The reasoning state: workspace, then tokens.");
    ports.mask_output("mask", "[B, M]", "state");
    ports.output("pooled", "[B, D]", "The state in one vector.");
    ports.size("H", config.heads);
    ports.on_demand_output("attention", "[B, H, M, M]",
                           "What a token takes of each in the last block, by head.");
  }

  DecoderStack(const Config& config, const Parameters& parameters)
      : config_(config), norm_(parameters, "norm", config.dim) {
    if (config.latents > 0 && parameters.wired("document") > 0)
      reject("latents", "must be 0 where document is wired: all documents would share them");
    if (config.latents > 0)
      latents_ =
          parameters.add_without_decay("latents", {config.latents, config.dim}, Init::normal(0.02));
    for (std::int64_t p = 0; config.passes > 1 && p < config.passes; ++p)
      pass_.push_back(parameters.add_without_decay("pass_" + std::to_string(p), {config.dim},
                                                   Init::normal(0.02)));
    BlockOptions options;
    options.dim = config.dim;
    options.heads = config.heads;
    options.inner = config.inner;
    options.activation = config.activation;
    options.dropout = config.dropout;
    for (std::int64_t i = 0; i < config.depth; ++i)
      blocks_.emplace_back(parameters, "block_" + std::to_string(i), options);
  }

  void infer(Shapes& shapes) const override {
    const std::int64_t length = config_.latents + shapes.input("tokens")[1];
    shapes.set("state", 1, length);
    shapes.set("mask", 1, length);
    shapes.set("attention", 2, length);
    shapes.set("attention", 3, length);
  }

  Outputs forward(const Inputs& in) const override {
    Tensor x = in["tokens"];
    Tensor mask = in["mask"];
    if (config_.latents > 0) {
      const Tensor workspace = expand(latents_.tensor().unsqueeze(0), {x.size(0), -1, -1});
      if (mask) mask = concat({full_mask(workspace), mask}, 1);
      x = concat({workspace, x}, 1);  // [B, K + N, D]
    }
    Tensor seen = mask;
    if (const Tensor document = in["document"]) {
      if (!mask) mask = not_equal(document, 0);
      seen = same_document(document, mask);  // [B, N, N]
    }
    Tensor attention;
    for (std::int64_t p = 0; p < config_.passes; ++p) {
      if (!pass_.empty()) x = x + pass_[static_cast<std::size_t>(p)];
      for (const TransformerBlock& block : blocks_) {
        if (&block == &blocks_.back() && p + 1 == config_.passes && in.wants("attention"))
          attention = block.attention_weights(x, seen, config_.causal);
        x = block(x, seen, config_.causal);
      }
    }
    x = norm_(x);
    if (!mask) mask = full_mask(x);
    Outputs out{{"state", x}, {"mask", mask}, {"pooled", masked_mean(x, mask)}};
    if (attention) out.emplace_back("attention", attention);
    return out;
  }

 private:
  Config config_;
  Parameter latents_;
  std::vector<Parameter> pass_;
  std::vector<TransformerBlock> blocks_;
  LayerNorm norm_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::DecoderStack)
