// SPDX-License-Identifier: Apache-2.0
/// Absent modality: between an encoder and a fusion, one learned token stands for what a sample
/// lacks.
///
///   present_b:      tokens_b, mask_b, pooled_b as they came, bit for bit
///   not present_b:  tokens_b = [a; 0; …; 0], mask_b = [true, false, …, false], pooled_b = a
///
/// Without `present` every row is there. Nothing of an absent row's tokens reaches an output, be it
/// NaN, and their gradient is 0; the gradient of the row goes to a. Without `pooled` the output of
/// that name is the mean over the real tokens.
///
/// Shapes  tokens [B, N, D], mask [B, N], pooled [B, D], present [B] bool; tokens [B, N, D], mask
///         [B, N], pooled [B, D].
/// Source  a learned vector for a missing modality: Lee et al. 2023, arXiv:2303.03369, as an input
///         of the fusion instead of a prompt.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Absent final : public Encoder {
 public:
  static constexpr Identity identity{"encoder.absent", "1.1.0",
                                     "Put a learned token where a sample lacks a modality."};

  struct Config {
    std::int64_t dim = 64;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of the tokens.").at_least(1).from_wire("tokens", 2);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input("tokens", "[B, N, D]", "What the encoder made of the modality.");
    ports.mask_input("mask", "[B, N]", "tokens");
    ports.optional_input("pooled", "[B, D]", "The encoder's vector for the whole.");
    ports.present_input();
    ports.output("tokens", "[B, N, D]", "The tokens, or the learned one in first place.");
    ports.mask_output("mask", "[B, N]", "tokens");
    ports.output("pooled", "[B, D]", "The whole in one vector, or the learned token.");
  }

  Absent(const Config& config, const Parameters& parameters)
      : token_(parameters.add_without_decay("token", {config.dim}, Init::normal(0.02))) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["tokens"];
    const Tensor token = token_.tensor().to(x.dtype());          // [D]
    const Tensor real = in["mask"] ? in["mask"] : full_mask(x);  // [B, N]
    const Tensor present = in["present"] ? in["present"] : full_mask(x).select(1, 0);
    const Tensor absent = logical_not(present).unsqueeze(-1);  // [B, 1]
    const Tensor place = cumulative_sum(full_like(real.to(WEFT_DTYPE_INT64), 1.0), 1);
    const Tensor first = equal(place, 1);  // [B, N]
    const Tensor stand_in = where(first.unsqueeze(-1), token, full_like(x, 0.0));
    const Tensor tokens = where(absent.unsqueeze(-1), stand_in, x);  // [B, N, D]
    const Tensor mask = where(absent, first, real);
    const Tensor pooled = in["pooled"] ? where(absent, token.to(in["pooled"].dtype()), in["pooled"])
                                       : masked_mean(tokens, mask);
    return {{"tokens", tokens}, {"mask", mask}, {"pooled", pooled}};
  }

 private:
  Parameter token_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Absent)
