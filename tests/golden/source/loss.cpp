// SPDX-License-Identifier: Apache-2.0
/// Golden loss: the quadratic score of the next token, as an operation of its own.
///
///   p = softmax(logits_t), y = target_{t+1};  loss = Σ_t 1 − 2 p_y + Σ_v p_v²
///   ∂loss/∂z_k = p_k (g_k − Σ_v g_v p_v),  g_v = 2 (p_v − 1{v = y})
///
/// The sum runs over the targets whose mask is true; `weight` counts them.
///
/// Shapes  logits [B, S, V], target [B, S], mask [B, S]; loss [], weight [].
/// Source  Brier 1950, Verification of forecasts expressed in terms of probability.

#include <weft/plugin.hpp>
#include <weft/targets.hpp>

#include <cmath>

namespace weft {
namespace {

/// in: logits [n, V], target [n], counted [n], all contiguous.
class Score final : public CustomFunction {
 public:
  const char* name() const override { return "golden.quadratic"; }

  std::vector<Tensor> forward(Saved& saved, const std::vector<Tensor>& in) const override {
    saved.keep(in);
    const Tensor loss = empty({}, WEFT_DTYPE_FLOAT32, in[0]);
    double sum = 0.0;
    for_each_row(in, [&](const std::vector<double>& p, std::int64_t y, std::int64_t) {
      sum += 1.0 - 2.0 * p[static_cast<std::size_t>(y)];
      for (const double one : p) sum += one * one;
    });
    *loss.data<float>() = static_cast<float>(sum);
    return {loss};
  }

  std::vector<Tensor> backward(const Saved& saved, const std::vector<Tensor>& grad_out,
                               const std::vector<bool>& needs) const override {
    if (!needs[0] || !grad_out[0]) return {Tensor(), Tensor(), Tensor()};
    const std::vector<Tensor> in{saved[0], saved[1], saved[2]};
    const Tensor gradient = empty(in[0].sizes(), WEFT_DTYPE_FLOAT32, in[0]);
    const double outer = static_cast<double>(*grad_out[0].data<float>());
    const std::int64_t classes = in[0].size(1);
    float* const out = gradient.data<float>();
    for (std::int64_t i = 0; i < in[0].size(0) * classes; ++i) out[i] = 0.0f;
    for_each_row(in, [&](const std::vector<double>& p, std::int64_t y, std::int64_t row) {
      double mean = 0.0;
      for (std::size_t v = 0; v < p.size(); ++v) mean += slope(p, v, y) * p[v];
      for (std::size_t v = 0; v < p.size(); ++v)
        out[row * classes + static_cast<std::int64_t>(v)] =
            static_cast<float>(outer * p[v] * (slope(p, v, y) - mean));
    });
    return {gradient, Tensor(), Tensor()};
  }

 private:
  static double slope(const std::vector<double>& p, std::size_t v, std::int64_t y) {
    return 2.0 * (p[v] - (static_cast<std::int64_t>(v) == y ? 1.0 : 0.0));
  }

  /// Calls `use(softmax of the row, its target, its number)` for the rows that count.
  template <class Use>
  static void for_each_row(const std::vector<Tensor>& in, const Use& use) {
    const std::int64_t rows = in[0].size(0), classes = in[0].size(1);
    const float* const logits = in[0].data<float>();
    const auto* const target = in[1].data<std::int64_t>();
    const auto* const counted = in[2].data<bool>();
    std::vector<double> p(static_cast<std::size_t>(classes));
    for (std::int64_t row = 0; row < rows; ++row) {
      if (!counted[row]) continue;
      const float* const z = logits + row * classes;
      double top = static_cast<double>(z[0]), sum = 0.0;
      for (std::int64_t v = 1; v < classes; ++v)
        if (static_cast<double>(z[v]) > top) top = static_cast<double>(z[v]);
      for (std::size_t v = 0; v < p.size(); ++v)
        sum += p[v] = std::exp(static_cast<double>(z[v]) - top);
      for (double& one : p) one /= sum;
      use(p, target[row], row);
    }
  }
};

class Quadratic final : public Loss {
 public:
  static constexpr Identity identity{"golden/loss.quadratic", "1.0.0",
                                     "Quadratic score of the next token."};

  struct Config {
    void describe(Fields&) {}
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, S, V]", "Row t scores the token at t + 1.");
    ports.input("target", "[B, S]", "The tokens.", WEFT_DTYPES_INDEX);
    ports.mask_input("mask", "[B, S]", "target");
    ports.output("loss", "[]", "Sum over the tokens that count.");
    ports.output("weight", "[]", "How many those are.");
  }

  Quadratic(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override {
    const Targets targets = lay_beside(in["logits"], in["target"], in["mask"], 1, -100);
    const Tensor logits = targets.logits.reshape({-1, targets.logits.size(-1)});
    return {{"loss", apply(std::make_unique<Score>(), {logits, targets.target.reshape({-1}),
                                                       targets.counted.reshape({-1})})[0]}};
  }

  Tensor weight(const Inputs& in) const override {
    return sum(lay_beside(Tensor(), in["target"], in["mask"], 1, -100).counted)
        .to(WEFT_DTYPE_FLOAT64);
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Quadratic)
