// SPDX-License-Identifier: Apache-2.0
/// Detection: a fixed number of guesses, each a box and a class or "nothing".
///
///   Z_0 = learned queries q_1 … q_Q
///   Z_l = Block(Z_{l−1}, R): self-attention, cross-attention to the state R, feed-forward
///   logits = LN(Z_L) W + b,  (c_x, c_y, w, h) = σ(W_2 relu(LN(Z_L) W_1 + b_1) + b_2)
///   boxes = [c_x − w/2, c_y − h/2, c_x + w/2, c_y + h/2]
///
/// The last class is "nothing". For metric.mean_average_precision `labels` is the likeliest of the
/// other classes and `scores` its probability. Edges are parts of the picture's width and height,
/// as a `boxes` field with `image` gives them. Train it with loss.detection.
///
/// Shapes  state R [B, N, D], mask [B, N]; logits [B, Q, V + 1], boxes [B, Q, 4], scores [B, Q],
///         labels [B, Q] int64.
/// Errors  `heads` must divide dim.
/// Source  DETR, Carion et al. 2020, arXiv:2005.12872, with norms before the layers.

#include <weft/plugin.hpp>

#include "decoder_block.hpp"

namespace weft {
namespace {

class Boxes final : public Decoder {
 public:
  static constexpr Identity identity{"decoder.boxes", "1.0.0",
                                     "Boxes and their classes from the reasoning state."};

  struct Config {
    std::int64_t dim = 64;
    std::int64_t classes = 2;
    std::int64_t queries = 16;
    std::int64_t layers = 2;
    std::int64_t heads = 4;
    std::int64_t inner = 256;
    double dropout = 0.0;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of the state.").at_least(1).from_wire("state", 2);
      fields.add("classes", classes, "Number V of classes, without \"nothing\".").at_least(1);
      fields.add("queries", queries, "Number Q of guesses: the most objects in a picture.")
          .at_least(1);
      fields.add("layers", layers, "Number of decoder blocks.").at_least(1);
      fields.add("heads", heads, "Attention heads; must divide dim.").at_least(1);
      fields.add("ffn_dim", inner, "Inner width of the feed-forward network.").at_least(1);
      fields.add("dropout", dropout, "Probability of dropping an element in training.")
          .at_least(0.0)
          .below(1.0);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.size("Q", config.queries);
    ports.size("W", config.classes + 1);
    ports.input("state", "[B, N, D]", "The reasoning state.");
    ports.mask_input("mask", "[B, N]", "state");
    ports.output("logits", "[B, Q, W]", "Scores of the classes and, last, of nothing.");
    ports.output("boxes", "[B, Q, 4]", "Left, upper, right and lower edge, parts of the picture.");
    ports.output("scores", "[B, Q]", "Probability of the likeliest class.");
    ports.output("labels", "[B, Q]", "The likeliest class.", WEFT_DTYPES_INDEX);
  }

  Boxes(const Config& config, const Parameters& parameters)
      : config_(config),
        queries_(parameters.add_without_decay("queries", {config.queries, config.dim},
                                              Init::normal(1.0))),
        norm_(parameters, "norm", config.dim),
        class_(parameters, "class", config.dim, config.classes + 1),
        hidden_(parameters, "hidden", config.dim, config.dim),
        box_(parameters, "box", config.dim, 4) {
    BlockOptions options;
    options.dim = config.dim;
    options.heads = config.heads;
    options.inner = config.inner;
    options.dropout = config.dropout;
    for (std::int64_t i = 0; i < config.layers; ++i)
      blocks_.emplace_back(parameters, "block_" + std::to_string(i), options);
  }

  Outputs forward(const Inputs& in) const override {
    const Tensor state = in["state"], mask = in["mask"];
    Tensor x = expand(queries_.tensor().unsqueeze(0), {state.size(0), -1, -1});  // [B, Q, D]
    for (const DecoderBlock& block : blocks_) x = block(x, state, mask, /*causal=*/false);
    x = norm_(x);
    const Tensor logits = class_(x);                         // [B, Q, V + 1]
    const Tensor centred = sigmoid(box_(relu(hidden_(x))));  // [B, Q, 4]
    const Tensor middle = centred.slice(2, 0, 2), half = centred.slice(2, 2, 4) * 0.5;
    const Indexed best =
        max_with_index(detach(softmax(logits, -1)).slice(2, 0, config_.classes), 2);
    return {{"logits", logits},
            {"boxes", concat({middle - half, middle + half}, 2)},
            {"scores", best.values},
            {"labels", best.indices}};
  }

 private:
  Config config_;
  Parameter queries_;
  std::vector<DecoderBlock> blocks_;
  LayerNorm norm_;
  Linear class_, hidden_, box_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Boxes)
