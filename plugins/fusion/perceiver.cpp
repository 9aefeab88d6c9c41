// SPDX-License-Identifier: Apache-2.0
/// Perceiver resampler: any number of tokens of any streams into a fixed number of latents.
///
///   X = [H_1 + m_1; H_2 + m_2; …]                     m_i: a learned vector of the modality
///   Z ← Z + MHA(LN(Z), [LN(X); LN(Z)])                `layers` times; query Z, context both
///   Z ← Z + FFN(LN(Z))
///   tokens = LN(Z)
///
/// What follows costs the same however long the streams are.
///
/// Shapes  streams H_i [B, N_i, D], masks [B, N_i]; Z [L, D] learned; tokens [B, L, D].
/// Errors  `heads` must divide dim.
/// Source  Jaegle et al. 2021, arXiv:2103.03206; with the latents in the context as Alayrac et al.
///         2022, arXiv:2204.14198, §3.1.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class ResamplerLayer {
 public:
  ResamplerLayer(const Parameters& parameters, const std::string& name, const BlockOptions& options)
      : dropout_(options.dropout),
        norm_latents_(parameters.in(name), "norm_latents", options.dim),
        norm_tokens_(parameters.in(name), "norm_tokens", options.dim),
        attention_(parameters.in(name), "attention", options.dim, options.heads),
        norm_(parameters.in(name), "norm", options.dim),
        feed_forward_(parameters.in(name), "feed_forward", options.dim, options.inner,
                      options.activation, options.dropout) {}

  /// z [B, L, D], x [B, N, D], mask [B, N + L] → [B, L, D].
  Tensor operator()(const Tensor& z, const Tensor& x, const Tensor& mask) const {
    const Tensor latents = norm_latents_(z);
    const Tensor context = concat({norm_tokens_(x), latents}, 1);
    const Tensor y = z + dropout(attention_(latents, context, mask), dropout_);
    return y + dropout(feed_forward_(norm_(y)), dropout_);
  }

 private:
  double dropout_;
  LayerNorm norm_latents_, norm_tokens_;
  Attention attention_;
  LayerNorm norm_;
  FeedForward feed_forward_;
};

class Perceiver final : public Fusion {
 public:
  static constexpr Identity identity{"fusion.perceiver", "1.0.0",
                                     "Gather all streams in a fixed number of latents."};

  struct Config {
    std::int64_t dim = 64;
    std::int64_t latents = 16;
    std::int64_t layers = 2;
    std::int64_t heads = 4;
    std::int64_t ffn_dim = 256;
    std::string activation = "gelu";
    double dropout = 0.0;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of all streams.").at_least(1).from_wire("streams", 2);
      fields.add("latents", latents, "Number L of latents.").at_least(1);
      fields.add("layers", layers, "Layers, each of which reads the streams.").at_least(1);
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
    ports.size("L", config.latents);
    ports.input_list("streams", "[B, N*, D]", "The modalities to fuse.");
    ports.mask_input_list("masks", "[B, N*]", "streams");
    ports.output("tokens", "[B, L, D]", "The latents; none is padding.");
  }

  Perceiver(const Config& config, const Parameters& parameters)
      : latents_(parameters.add_without_decay("latents", {config.latents, config.dim},
                                              Init::normal(0.02))),
        norm_(parameters, "norm", config.dim) {
    for (std::int64_t i = 0; i < parameters.wired("streams"); ++i)
      modality_.push_back(parameters.add_without_decay("modality_" + std::to_string(i),
                                                       {config.dim}, Init::normal(0.02)));
    const BlockOptions options{
        config.dim, config.heads, config.ffn_dim, config.activation, config.dropout, true, 1e-5};
    for (std::int64_t i = 0; i < config.layers; ++i)
      layers_.emplace_back(parameters, "layer_" + std::to_string(i), options);
  }

  Outputs forward(const Inputs& in) const override {
    const std::vector<Tensor> streams = in.list("streams");
    const std::vector<Tensor> masks = in.list("masks", streams.size());
    std::vector<Tensor> marked;
    for (std::size_t i = 0; i < streams.size(); ++i) marked.push_back(streams[i] + modality_[i]);
    const Tensor x = concat(marked, 1);
    Tensor z = expand(latents_.tensor().unsqueeze(0), {x.size(0), -1, -1});
    const Tensor mask = concat({concat_masks(streams, masks), full_mask(z)}, 1);
    for (const ResamplerLayer& layer : layers_) z = layer(z, x, mask);
    return {{"tokens", norm_(z)}};
  }

 private:
  Parameter latents_;
  LayerNorm norm_;
  std::vector<Parameter> modality_;
  std::vector<ResamplerLayer> layers_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Perceiver)
