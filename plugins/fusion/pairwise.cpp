// SPDX-License-Identifier: Apache-2.0
/// Hierarchical fusion: every stream asks every other, then a joint layer relates all of them.
///
///   pairs   mode "cascaded": F_i = GCA_ik(… GCA_ij(H_i, H_j) …, H_k) over all others in order
///           mode "parallel": F_i = mean over j ≠ i of GCA_ij(H_i, H_j)
///   joint   X = [H_1 + m_1; …; H_n + m_n; F_1 + f_1; …; F_n + f_n]
///           tokens = the half of Block_L(… Block_1(X)) where the F_i were
///
/// H_i are the unimodal streams, which every pair reads as they came; GCA_ij, a gated
/// cross-attention with weights of its own, fuses stream j into i; m_i and f_i are learned vectors
/// that mark modality and stage. In the joint layer each token sees all unimodal and all fused
/// ones. The unimodal half has done its work then and is not handed on.
///
/// Shapes  streams H_i [B, N_i, D]; tokens [B, N_1 + N_2 + …, D]; masks side by side.
/// Errors  `heads` must divide dim; at least two streams must be wired.
/// Source  docs/model.md, gated cross-attention over all pairs; the gates: gated_block.hpp.

#include <weft/plugin.hpp>

#include "gated_block.hpp"

namespace weft {
namespace {

class Pairwise final : public Fusion {
 public:
  static constexpr Identity identity{"fusion.pairwise", "1.0.0",
                                     "Fuse all pairs of streams, then all together."};

  struct Config {
    GatedCrossAttentionBlock::Options pair;
    std::int64_t inner = 256;
    std::string mode = "cascaded";
    std::int64_t joint_depth = 1;

    void describe(Fields& fields) {
      fields.add("dim", pair.dim, "Width D of all streams.").at_least(1).from_wire("streams", 2);
      fields.add("heads", pair.heads, "Attention heads; must divide dim.").at_least(1);
      fields.add("ffn_dim", inner, "Inner width of the joint layer's feed-forward network.")
          .at_least(1);
      fields.add("dropout", pair.dropout, "Probability of dropping an element in training.")
          .at_least(0.0)
          .below(1.0);
      fields.add("gate", pair.gate, "A sigmoid per channel, or one tanh that starts closed.")
          .one_of(gate_names());
      fields.add("mode", mode, "Whether a stream takes in the others in turn or averages them.")
          .one_of({"cascaded", "parallel"});
      fields.add("joint_layers", joint_depth, "Transformer blocks over all streams.").at_least(1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.pair.dim);
    ports.input_list("streams", "[B, N*, D]", "The modalities to fuse.");
    ports.mask_input_list("masks", "[B, N*]", "streams");
    ports.output("tokens", "[B, N, D]", "The fused streams, one behind the other.");
    ports.mask_output("mask", "[B, N]", "tokens");
  }

  Pairwise(const Config& config, const Parameters& parameters)
      : cascaded_(config.mode == "cascaded"),
        streams_(static_cast<std::size_t>(parameters.wired("streams"))) {
    if (streams_ < 2)
      reject("streams", "needs at least two; " + std::to_string(streams_) + " wired");
    for (std::size_t i = 0; i < streams_; ++i)
      for (std::size_t j = 0; j < streams_; ++j)
        if (i != j) pairs_.emplace_back(parameters, pair_name(i, j), config.pair);
    for (const std::string stage : {"modality_", "fused_"})
      for (std::size_t i = 0; i < streams_; ++i)
        marks_.push_back(parameters.add_without_decay(stage + std::to_string(i), {config.pair.dim},
                                                      Init::normal(0.02)));
    BlockOptions options;
    options.dim = config.pair.dim;
    options.heads = config.pair.heads;
    options.inner = config.inner;
    options.dropout = config.pair.dropout;
    for (std::int64_t i = 0; i < config.joint_depth; ++i)
      joint_.emplace_back(parameters, "joint_" + std::to_string(i), options);
  }

  void infer(Shapes& shapes) const override {
    std::int64_t length = 0;
    for (const Sizes& stream : shapes.inputs("streams")) length += stream[1];
    shapes.set("tokens", 1, length);
    shapes.set("mask", 1, length);
  }

  Outputs forward(const Inputs& in) const override {
    const std::vector<Tensor> streams = in.list("streams");
    const std::vector<Tensor> masks = in.list("masks", streams.size());
    std::vector<Tensor> all;
    for (std::size_t i = 0; i < streams_; ++i) all.push_back(streams[i] + marks_[i]);
    for (std::size_t i = 0; i < streams_; ++i)
      all.push_back(fuse(i, streams, masks) + marks_[streams_ + i]);

    const Tensor mask = concat_masks(streams, masks);  // [B, N]
    const Tensor twice = concat({mask, mask}, 1);
    Tensor x = concat(all, 1);  // [B, 2 N, D]
    for (const TransformerBlock& block : joint_) x = block(x, twice);
    return {{"tokens", x.slice(1, mask.size(1), x.size(1))}, {"mask", mask}};
  }

 private:
  /// "pair_0_2": what fuses stream 2 into stream 0.
  static std::string pair_name(std::size_t i, std::size_t j) {
    return "pair_" + std::to_string(i) + "_" + std::to_string(j);
  }

  /// Stream i with all others fused into it.
  Tensor fuse(std::size_t i, const std::vector<Tensor>& streams,
              const std::vector<Tensor>& masks) const {
    std::size_t pair = i * (streams_ - 1);  // pairs_ lies row by row
    Tensor fused = streams[i];
    Tensor total;
    for (std::size_t j = 0; j < streams_; ++j) {
      if (j == i) continue;
      const Tensor one = pairs_[pair++](cascaded_ ? fused : streams[i], streams[j], masks[j]);
      if (cascaded_)
        fused = one;
      else
        total = total ? total + one : one;
    }
    return cascaded_ ? fused : total / static_cast<double>(streams_ - 1);
  }

  bool cascaded_;
  std::size_t streams_;
  std::vector<GatedCrossAttentionBlock> pairs_;
  std::vector<Parameter> marks_;  // of the unimodal streams, then of the fused ones
  std::vector<TransformerBlock> joint_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Pairwise)
