// SPDX-License-Identifier: Apache-2.0
/// Gated cross-attention: the first stream asks the others, one after the other; a gate decides
/// how much of each answer it takes in.
///
///   H_0 = streams[0],   H_i = GCA_i(query H_{i−1}, context streams[i]),   tokens = the last H_i
///   GCA with gate "sigmoid": H = (1 − g) ⊙ H_q + g ⊙ Project(A),  g = σ(Linear([H_q, A]))
///   GCA with gate "tanh":    H = H_q + tanh(α) Project(A),  the identity at the start (α = 0)
///   A = concat of heads softmax(Q Kᵀ / √D_k) V
///
/// Each context has weights of its own. The formulas' code is in gated_block.hpp.
///
/// Shapes  streams [B, N_i, D], masks [B, N_i]; tokens [B, N_0, D] and mask [B, N_0] of the query.
///         On demand, for C contexts: gates [B, C, N_0, D], attention [B, H, N_0, N_1 + … + N_C].
/// Errors  `heads` must divide dim; at least two streams must be wired.
/// Source  the tanh gate: Flamingo, arXiv:2204.14198, without its feed-forward network.

#include <weft/plugin.hpp>

#include "gated_block.hpp"

namespace weft {
namespace {

class GatedCrossAttention final : public Fusion {
 public:
  static constexpr Identity identity{"fusion.gated_cross_attention", "1.0.0",
                                     "Let the first stream ask the others through gates."};

  struct Config {
    GatedCrossAttentionBlock::Options block;

    void describe(Fields& fields) {
      fields.add("dim", block.dim, "Width D of all streams.").at_least(1).from_wire("streams", 2);
      fields.add("heads", block.heads, "Attention heads; must divide dim.").at_least(1);
      fields.add("dropout", block.dropout, "Probability of dropping an element of the answer.")
          .at_least(0.0)
          .below(1.0);
      fields.add("gate", block.gate, "A sigmoid per channel, or one tanh that starts closed.")
          .one_of(gate_names());
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.block.dim);
    ports.input_list("streams", "[B, N*, D]", "The query, then its contexts.");
    ports.mask_input_list("masks", "[B, N*]", "streams");
    ports.output("tokens", "[B, N, D]", "The query, enriched by the contexts.");
    ports.mask_output("mask", "[B, N]", "tokens");
    ports.size("H", config.block.heads);
    ports.on_demand_output("gates", "[B, C, N, D]",
                           "How much is taken in of each context's answer, by channel.");
    ports.on_demand_output("attention", "[B, H, N, M]",
                           "What a token asks of those of all contexts, one behind the other, by "
                           "head.");
  }

  GatedCrossAttention(const Config& config, const Parameters& parameters) {
    const std::int64_t streams = parameters.wired("streams");
    if (streams < 2)
      reject("streams",
             "needs a query and at least one context; " + std::to_string(streams) + " wired");
    for (std::int64_t i = 1; i < streams; ++i)
      blocks_.emplace_back(parameters, "context_" + std::to_string(i), config.block);
  }

  void infer(Shapes& shapes) const override {
    const std::vector<Sizes> streams = shapes.inputs("streams");
    const std::int64_t length = streams.at(0)[1];
    shapes.set("tokens", 1, length);
    shapes.set("mask", 1, length);
    std::int64_t context = 0;
    for (std::size_t i = 1; i < streams.size(); ++i) context += streams[i][1];
    shapes.set("gates", 1, static_cast<std::int64_t>(streams.size()) - 1);
    shapes.set("gates", 2, length);
    shapes.set("attention", 2, length);
    shapes.set("attention", 3, context);
  }

  Outputs forward(const Inputs& in) const override {
    const std::vector<Tensor> streams = in.list("streams");
    const std::vector<Tensor> masks = in.list("masks", streams.size());
    const bool wants_gates = in.wants("gates"), wants_attention = in.wants("attention");
    std::vector<Tensor> gates, attention;
    Tensor fused = streams[0], gate;
    for (std::size_t i = 1; i < streams.size(); ++i) {
      const GatedCrossAttentionBlock& block = blocks_[i - 1];
      if (wants_attention) attention.push_back(block.attention(fused, streams[i], masks[i]));
      fused = block(fused, streams[i], masks[i], wants_gates ? &gate : nullptr);
      if (wants_gates) gates.push_back(gate);
    }
    Outputs out{{"tokens", fused}, {"mask", masks[0] ? masks[0] : full_mask(fused)}};
    if (wants_gates) out.emplace_back("gates", stack(gates, 1));
    if (wants_attention) out.emplace_back("attention", concat(attention, 3));
    return out;
  }

 private:
  std::vector<GatedCrossAttentionBlock> blocks_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::GatedCrossAttention)
