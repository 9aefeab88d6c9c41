// SPDX-License-Identifier: Apache-2.0
/// Projecting conflicting gradients: of each loss's gradient, what works against another loss's is
/// taken away.
///
///   for every loss t, for every other loss j in random order:
///     g_t ← g_t − (g_t · g_j / ‖g_j‖²) g_j    if g_t · g_j < 0,  g_j as it was at first
///   g = Σ_t g_t
///
/// Gradients stay with the host: g_t = Σ_j c_tj g_j, and all products follow from the Gram matrix.
/// Each group of parameters is projected by itself. Where nothing conflicts, every scale is exactly
/// 1.
///
/// Shapes  gram [G, T, T]; scale Σ_t c_tj [G, T].
/// Source  Yu et al. 2020, arXiv:2001.06782, algorithm 1.

#include <weft/plugin.hpp>

namespace weft {
namespace {

const Operation random_order = operation(
    "aten::randperm", "generator",
    "randperm.generator(SymInt n, *, Generator? generator, ScalarType? dtype=long, Layout? "
    "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor");

class PcGrad final : public Function {
 public:
  static constexpr Identity identity{"function.pcgrad", "1.0.0",
                                     "Takes from each gradient what works against another."};

  struct Config {
    std::int64_t losses = 2;

    void describe(Fields& fields) {
      fields.add("losses", losses, "T, how many losses there are.")
          .at_least(1)
          .from_wire("gram", 1);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("T", config.losses);
    ports.input("gram", "[G, T, T]", "Products of the losses' gradients: grad.gram.");
    ports.output("scale", "[G, T]", "Of each loss's gradient.");
  }

  PcGrad(const Config& config, const Parameters&) : losses_(config.losses) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor gram = detach(in["gram"]).to(WEFT_DTYPE_FLOAT64);
    const Tensor unit = one_hot(arange(losses_, gram), losses_).to(WEFT_DTYPE_FLOAT64);  // [T, T]
    Tensor scale;
    for (std::int64_t t = 0; t < losses_; ++t) {
      const Tensor order =
          random_order(losses_, named("generator", detail::current_call->generator));
      Tensor c = gram.select(1, 0) * 0.0 + unit.select(0, t);  // [G, T]
      for (std::int64_t i = 0; i < losses_; ++i) {
        const std::int64_t j = order.data<std::int64_t>()[i];
        if (j == t) continue;
        const Tensor products = sum(c * gram.select(2, j), {1}, true);  // g_t · g_j [G, 1]
        const Tensor square = gram.select(1, j).slice(1, j, j + 1);
        // A gradient that is zero works against none.
        const Tensor along =
            where(greater(square, 0.0), clamp_max(products, 0.0) / clamp_min(square, 1e-300),
                  square * 0.0);
        c = c - along * unit.select(0, j);
      }
      scale = scale ? scale + c : c;
    }
    return {{"scale", scale.to(in["gram"].dtype())}};
  }

 private:
  std::int64_t losses_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::PcGrad)
