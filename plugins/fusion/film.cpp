// SPDX-License-Identifier: Apache-2.0
/// Feature-wise linear modulation: the first stream, scaled and shifted by what the others say.
///
///   c = [p_2; p_3; …],   p_i = mean over the real tokens of H_i
///   γ = W_γ c + b_γ,  β = W_β c + b_β
///   tokens = (1 + γ) ⊙ LN(H_1) + β                    the same γ and β for each token
///
/// W_γ, W_β and the biases are zero at the start, so that the first stream passes normalised.
///
/// Shapes  streams H_i [B, N_i, D], masks [B, N_i]; tokens [B, N_1, D], mask [B, N_1].
/// Errors  fewer than two streams.
/// Source  Perez et al. 2017, arXiv:1709.07871, with 1 + γ as its §3 advises.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Film final : public Fusion {
 public:
  static constexpr Identity identity{"fusion.film", "1.0.0",
                                     "Scale and shift the first stream by the others."};

  struct Config {
    std::int64_t dim = 64;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of all streams.").at_least(1).from_wire("streams", 2);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input_list("streams", "[B, N*, D]", "The modality to modulate, then the others.");
    ports.mask_input_list("masks", "[B, N*]", "streams");
    ports.output("tokens", "[B, N, D]", "The first stream, modulated.");
    ports.mask_output("mask", "[B, N]", "tokens");
  }

  Film(const Config& config, const Parameters& parameters) : norm_(parameters, "norm", config.dim) {
    const std::int64_t streams = parameters.wired("streams");
    if (streams < 2) reject("streams", "needs at least two; " + std::to_string(streams) + " wired");
    const Sizes sizes{2 * config.dim, (streams - 1) * config.dim};
    weight_ = parameters.in("modulate").add("weight", sizes, Init::zeros());
    bias_ = parameters.in("modulate").add_without_decay("bias", {sizes[0]}, Init::zeros());
  }

  void infer(Shapes& shapes) const override {
    const std::int64_t length = shapes.inputs("streams").at(0)[1];
    shapes.set("tokens", 1, length);
    shapes.set("mask", 1, length);
  }

  Outputs forward(const Inputs& in) const override {
    const std::vector<Tensor> streams = in.list("streams");
    const std::vector<Tensor> masks = in.list("masks", streams.size());
    std::vector<Tensor> others;
    for (std::size_t i = 1; i < streams.size(); ++i)
      others.push_back(masked_mean(zero_padding(streams[i], masks[i]), masks[i]));
    const Tensor both = linear(concat(others, -1), weight_, bias_).unsqueeze(1);  // [B, 1, 2D]
    const std::int64_t dim = both.size(-1) / 2;
    const Tensor scale = both.slice(-1, 0, dim) + 1.0, shift = both.slice(-1, dim, 2 * dim);
    const Tensor mask = masks[0] ? masks[0] : full_mask(streams[0]);
    return {{"tokens", norm_(streams[0]) * scale + shift}, {"mask", mask}};
  }

 private:
  LayerNorm norm_;
  Parameter weight_, bias_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Film)
