// SPDX-License-Identifier: Apache-2.0
/// Conflict-averse gradient descent: near the mean gradient g_0, the direction that lowers the
/// worst loss most.
///
///   max_d min_t g_t · d   where ‖d − g_0‖ ≤ c ‖g_0‖
///   d = g_0 + (c ‖g_0‖ / ‖g_w‖) g_w,   w = argmin over the simplex of g_w · g_0 + c ‖g_0‖ ‖g_w‖
///
/// with g_w = Σ_t w_t g_t. `scale` gives T d, the sum of gradients where c = 0. w is found by
/// exponentiated gradient descent from equal weights.
///
/// Shapes  gram [G, T, T]; scale 1 + T (c ‖g_0‖ / ‖g_w‖) w_t [G, T].
/// Source  Liu et al. 2021, arXiv:2110.14048, algorithm 1.

#include <weft/plugin.hpp>

namespace weft {
namespace {

class CaGrad final : public Function {
 public:
  static constexpr Identity identity{"function.cagrad", "1.0.0",
                                     "Near the mean gradient, what helps the worst loss most."};

  struct Config {
    std::int64_t losses = 2;
    double c = 0.4;
    std::int64_t iterations = 50;

    void describe(Fields& fields) {
      fields.add("losses", losses, "T, how many losses there are.")
          .at_least(1)
          .from_wire("gram", 1);
      fields.add("c", c, "How far from the mean gradient, as a part of its norm.").at_least(0.0);
      fields.add("iterations", iterations, "Steps of the search for w.").at_least(1).at_most(10000);
    }
  };

  static void ports(Ports& ports, const Config& config) {
    ports.size("T", config.losses);
    ports.input("gram", "[G, T, T]", "Products of the losses' gradients: grad.gram.");
    ports.output("scale", "[G, T]", "Of each loss's gradient.");
  }

  CaGrad(const Config& config, const Parameters&)
      : losses_(config.losses), c_(config.c), iterations_(config.iterations) {}

  Outputs forward(const Inputs& in) const override {
    const Tensor gram = detach(in["gram"]).to(WEFT_DTYPE_FLOAT64);
    const Tensor to_mean = mean(gram, {2});                                      // g_t · g_0
    const Tensor radius = c_ * root(mean(to_mean, {1}, true));                   // [G, 1]
    const Tensor size = clamp_min(max(abs(gram), {1, 2}), 1e-300).unsqueeze(1);  // [G, 1]
    Tensor z = to_mean * 0.0, w = softmax(z, -1);
    for (std::int64_t i = 0; i < iterations_; ++i) {
      const Tensor products = sum(gram * w.unsqueeze(1), {2});  // g_t · g_w [G, T]
      const Tensor slope = to_mean + products * over_norm(radius, products, w, size);
      z = z - 2.0 * slope / size;
      w = softmax(z, -1);
    }
    const Tensor products = sum(gram * w.unsqueeze(1), {2});
    const Tensor scale =
        static_cast<double>(losses_) * over_norm(radius, products, w, size) * w + 1.0;
    return {{"scale", scale.to(in["gram"].dtype())}};
  }

 private:
  static Tensor root(const Tensor& square) { return sqrt(clamp_min(square, 0.0)); }
  /// radius / ‖g_w‖ [G, 1]; 0 where the gradients cancel up to rounding, which leaves no direction.
  static Tensor over_norm(const Tensor& radius, const Tensor& products, const Tensor& w,
                          const Tensor& size) {
    const Tensor square = sum(products * w, {1}, true);
    const Tensor least = size * 1e-15;
    return where(greater(square, least), radius / root(maximum(square, least)), radius * 0.0);
  }

  std::int64_t losses_;
  double c_;
  std::int64_t iterations_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::CaGrad)
