// SPDX-License-Identifier: Apache-2.0
/// Attention bottlenecks: the streams exchange what they know through a few shared tokens.
///
///   [H_i; Z_i] ← block_i([H_i; Z])                    each stream with the bottleneck, `layers`
///   Z ← mean_i Z_i                                    times, with blocks of its own
///   tokens = [LN(H_1); LN(H_2); …]
///
/// All that passes from one modality to another passes through Z, so that the cost grows with
/// Σ (N_i + K)² and not with (Σ N_i)². With one layer nothing is exchanged: Z is read in the next.
///
/// Shapes  streams H_i [B, N_i, D], masks [B, N_i]; Z [K, D] learned; tokens [B, ΣN_i, D], masks
///         side by side.
/// Errors  `heads` must divide dim.
/// Source  Nagrani et al. 2021, arXiv:2107.00135, eq. 8 and 9.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Bottleneck final : public Fusion {
 public:
  static constexpr Identity identity{"fusion.bottleneck", "1.0.0",
                                     "Exchange between streams through a few shared tokens."};

  struct Config {
    std::int64_t dim = 64;
    std::int64_t tokens = 4;
    std::int64_t layers = 2;
    std::int64_t heads = 4;
    std::int64_t ffn_dim = 256;
    std::string activation = "gelu";
    double dropout = 0.0;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of all streams.").at_least(1).from_wire("streams", 2);
      fields.add("tokens", tokens, "Number K of shared tokens.").at_least(1);
      fields.add("layers", layers, "Layers; from the second on the streams know of each other.")
          .at_least(1);
      fields.add("heads", heads, "Attention heads; must divide dim.").at_least(1);
      fields.add("ffn_dim", ffn_dim, "Inner width of the feed-forward network.").at_least(1);
      fields.add("activation", activation, "Of the feed-forward network.")
          .one_of(activation_names());
      fields.add("dropout", dropout, "Probability of dropping an element in training.")
          .at_least(0.0)
          .below(1.0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input_list("streams", "[B, N*, D]", "The modalities to fuse.");
    ports.mask_input_list("masks", "[B, N*]", "streams");
    ports.output("tokens", "[B, N, D]", "All streams, one behind the other.");
    ports.mask_output("mask", "[B, N]", "tokens");
  }

  Bottleneck(const Config& config, const Parameters& parameters)
      : config_(config),
        shared_(parameters.add_without_decay("shared", {config.tokens, config.dim},
                                             Init::normal(0.02))),
        norm_(parameters, "norm", config.dim) {
    const BlockOptions options{
        config.dim, config.heads, config.ffn_dim, config.activation, config.dropout, true, 1e-5};
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
      layers_.emplace_back();
      for (std::int64_t i = 0; i < parameters.wired("streams"); ++i)
        layers_.back().emplace_back(
            parameters, "layer_" + std::to_string(layer) + "_" + std::to_string(i), options);
    }
  }

  void infer(Shapes& shapes) const override {
    std::int64_t length = 0;
    for (const Sizes& stream : shapes.inputs("streams")) {
      if (stream[1] < 0) return;  // not known yet
      length += stream[1];
    }
    shapes.set("tokens", 1, length);
    shapes.set("mask", 1, length);
  }

  Outputs forward(const Inputs& in) const override {
    std::vector<Tensor> streams = in.list("streams");
    const std::vector<Tensor> masks = in.list("masks", streams.size());
    const std::int64_t batch = streams[0].size(0);
    Tensor shared = expand(shared_.tensor().unsqueeze(0), {batch, -1, -1});  // [B, K, D]
    const Tensor seen = ones({batch, config_.tokens}, shared, WEFT_DTYPE_BOOL);
    for (const std::vector<TransformerBlock>& layer : layers_) {
      Tensor total;
      for (std::size_t i = 0; i < streams.size(); ++i) {
        const std::int64_t length = streams[i].size(1);
        const Tensor mask = masks[i] ? concat({masks[i], seen}, 1) : Tensor();
        const Tensor both = layer[i](concat({streams[i], shared}, 1), mask);
        streams[i] = both.slice(1, 0, length);
        const Tensor own = both.slice(1, length, length + config_.tokens);
        total = total ? total + own : own;
      }
      shared = total / static_cast<double>(streams.size());
    }
    return {{"tokens", norm_(concat(streams, 1))}, {"mask", concat_masks(streams, masks)}};
  }

 private:
  Config config_;
  Parameter shared_;
  LayerNorm norm_;
  std::vector<std::vector<TransformerBlock>> layers_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Bottleneck)
