// SPDX-License-Identifier: Apache-2.0
/// Rows of any number of tokens as rows of L: each of L equal pieces of a row's n real tokens is
/// the mean of what lies in it, tokens that a border cuts by their part.
///
///   out_l = (L / n) Σ_r |[r, r + 1) ∩ [l n / L, (l + 1) n / L)| x_r
///
/// x_r is the r-th real token, counted from 0. With n = L the tokens stay as they are, with n < L
/// they are repeated. A row without a real token gives 0, and is masked as a whole.
///
/// Shapes  in [B, N, D], mask [B, N]; out [B, L, D], out_mask [B, L].
/// Source  the area-weighted resampling of pictures, along one axis.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class Resample final : public Function {
 public:
  static constexpr Identity identity{"function.resample", "1.0.0",
                                     "Rows of any length as rows of one length."};

  struct Config {
    std::int64_t dim = 64;
    std::int64_t length = 16;

    void describe(Fields& fields) {
      fields.add("dim", dim, "Width D.").at_least(1).from_wire("in", 2);
      fields.add("length", length, "Tokens L of a row afterwards.").at_least(1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("D", config.dim);
    ports.size("L", config.length);
    ports.input("in", "[B, N, D]", "The tokens.");
    ports.mask_input("mask", "[B, N]", "in");
    ports.output("out", "[B, L, D]", "The pieces.");
    ports.mask_output("out_mask", "[B, L]", "out");
  }

  Resample(const Config& config, const Parameters&) : length_(config.length) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor x = in["in"], mask = in["mask"] ? in["mask"] : full_mask(x);
    const Tensor real = mask.to(WEFT_DTYPE_FLOAT64);                        // [B, N]
    const Tensor count = sum(real, {1}, true);                              // n, [B, 1]
    const Tensor begin = (cumulative_sum(real, 1) - real).unsqueeze(1);     // r of each, [B, 1, N]
    const Tensor piece = arange(length_, real).unsqueeze(0).unsqueeze(-1);  // l, [1, L, 1]
    const Tensor width = count.unsqueeze(1) / static_cast<double>(length_);
    const Tensor shared =
        clamp_min(minimum(begin + 1.0, (piece + 1.0) * width) - maximum(begin, piece * width), 0.0);
    const Tensor weights = shared * real.unsqueeze(1) / clamp_min(width, 1e-12);  // [B, L, N]
    const Tensor is_real = expand(greater(count, 0.0), {x.size(0), length_});
    return {{"out",
             matmul(weights.to(x.dtype()), masked_fill(x, logical_not(mask).unsqueeze(-1), 0.0))},
            {"out_mask", logical_and(is_real, is_real)}};
  }

 private:
  std::int64_t length_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Resample)
