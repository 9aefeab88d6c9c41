// SPDX-License-Identifier: Apache-2.0
/// Low-rank multimodal fusion: the outer product of all pooled streams, by factors of rank R.
///
///   z_m = [p_m; 1],   p_m = mean over the real tokens of H_m
///   tokens = Σ_r w_r ⊙_m (F_m^r z_m) + b              ⊙_m: the product over all streams
///
/// Each z_m carries a 1, so that all products of fewer streams are in it too. It is what the outer
/// product z_1 ⊗ z_2 ⊗ … followed by a linear map of rank R would give, without building it.
///
/// Shapes  streams H_m [B, N_m, D], masks [B, N_m]; F_m [R, D, D + 1], w [R], b [D];
///         tokens [B, 1, D].
/// Source  Liu et al. 2018, arXiv:1806.00064, eq. 7 with the summation weights of its code.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class LowRank final : public Fusion {
 public:
  static constexpr Identity identity{"fusion.low_rank", "1.0.0",
                                     "Multiply the pooled streams by low-rank factors."};

  struct Config {
    std::int64_t dim = 64;
    std::int64_t rank = 4;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D of all streams.").at_least(1).from_wire("streams", 2);
      fields.add("rank", rank, "Number R of factors of each stream.").at_least(1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.input_list("streams", "[B, N*, D]", "The modalities to fuse.");
    ports.mask_input_list("masks", "[B, N*]", "streams");
    ports.output("tokens", "[B, 1, D]", "All streams in one token.");
  }

  LowRank(const Config& config, const Parameters& parameters)
      : weight_(parameters.add("weight", {1, config.rank}, Init::xavier())),
        bias_(parameters.add_without_decay("bias", {config.dim}, Init::zeros())) {
    // Each factor is a matrix of its own, so that its fans are not those of all R together.
    for (std::int64_t m = 0; m < parameters.wired("streams"); ++m) {
      factors_.emplace_back();
      for (std::int64_t r = 0; r < config.rank; ++r)
        factors_.back().push_back(
            parameters.add("factor_" + std::to_string(m) + "_" + std::to_string(r),
                           {config.dim, config.dim + 1}, Init::xavier()));
    }
  }

  Outputs forward(const Inputs& in) const override {
    const std::vector<Tensor> streams = in.list("streams");
    const std::vector<Tensor> masks = in.list("masks", streams.size());
    Tensor product;  // [R, B, D]
    for (std::size_t m = 0; m < streams.size(); ++m) {
      const Tensor pooled = masked_mean(zero_padding(streams[m], masks[m]), masks[m]);
      const Tensor z = concat({pooled, ones({pooled.size(0), 1}, pooled)}, 1);  // [B, D + 1]
      const std::vector<Tensor> factors(factors_[m].begin(), factors_[m].end());
      const Tensor mapped = einsum("rij,bj->rbi", {stack(factors, 0), z});
      product = product ? product * mapped : mapped;
    }
    const Tensor fused = einsum("or,rbi->bi", {weight_.tensor(), product}) + bias_;
    return {{"tokens", fused.unsqueeze(1)}};
  }

 private:
  Parameter weight_, bias_;
  std::vector<std::vector<Parameter>> factors_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::LowRank)
