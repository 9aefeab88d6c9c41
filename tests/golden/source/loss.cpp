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

/// A matrix, or a vector as its first column, in memory with any strides.
template <class T>
struct View {
  T* data;
  std::int64_t rows, columns, row_stride, column_stride;

  explicit View(const Tensor& tensor) : data(tensor.data<T>()) {
    const weft_tensor_meta meta = tensor.meta();
    rows = meta.sizes[0];
    columns = meta.ndim > 1 ? meta.sizes[1] : 1;
    row_stride = meta.strides[0];
    column_stride = meta.ndim > 1 ? meta.strides[1] : 0;
  }
  T& at(std::int64_t row, std::int64_t column = 0) const {
    return data[row * row_stride + column * column_stride];
  }
};

/// in: logits [n, V] of float32 or float64, target [n], counted [n].
class Score final : public CustomFunction {
 public:
  const char* name() const override { return "golden.quadratic"; }

  std::vector<Tensor> forward(Saved& saved, const std::vector<Tensor>& in) const override {
    saved.keep(in);
    const Tensor loss = empty({}, in[0].dtype(), in[0]);
    if (in[0].dtype() == WEFT_DTYPE_FLOAT64)
      add_up<double>(in, loss);
    else
      add_up<float>(in, loss);
    return {loss};
  }

  std::vector<Tensor> backward(const Saved& saved, const std::vector<Tensor>& grad_out,
                               const std::vector<bool>& needs) const override {
    if (!needs[0] || !grad_out[0]) return {Tensor(), Tensor(), Tensor()};
    std::vector<Tensor> in(3);
    for (std::uint32_t i = 0; i < 3; ++i) in[i] = saved[i];
    const Tensor gradient = empty(in[0].sizes(), in[0].dtype(), in[0]);
    if (in[0].dtype() == WEFT_DTYPE_FLOAT64)
      differentiate<double>(in, grad_out[0], gradient);
    else
      differentiate<float>(in, grad_out[0], gradient);
    return {gradient, Tensor(), Tensor()};
  }

 private:
  template <class T>
  static void add_up(const std::vector<Tensor>& in, const Tensor& loss) {
    double sum = 0.0;
    for_each_row<T>(in, [&](const std::vector<double>& p, std::int64_t y, std::int64_t) {
      sum += 1.0 - 2.0 * p[static_cast<std::size_t>(y)];
      for (const double one : p) sum += one * one;
    });
    *loss.data<T>() = static_cast<T>(sum);
  }

  template <class T>
  static void differentiate(const std::vector<Tensor>& in, const Tensor& grad_out,
                            const Tensor& gradient) {
    const double outer = static_cast<double>(*grad_out.data<T>());
    const View<T> out(gradient);
    for (std::int64_t row = 0; row < out.rows; ++row)
      for (std::int64_t v = 0; v < out.columns; ++v) out.at(row, v) = T{0};
    for_each_row<T>(in, [&](const std::vector<double>& p, std::int64_t y, std::int64_t row) {
      double mean = 0.0;
      for (std::size_t v = 0; v < p.size(); ++v) mean += slope(p, v, y) * p[v];
      for (std::size_t v = 0; v < p.size(); ++v)
        out.at(row, static_cast<std::int64_t>(v)) =
            static_cast<T>(outer * p[v] * (slope(p, v, y) - mean));
    });
  }

  static double slope(const std::vector<double>& p, std::size_t v, std::int64_t y) {
    return 2.0 * (p[v] - (static_cast<std::int64_t>(v) == y ? 1.0 : 0.0));
  }

  /// Calls `use(softmax of the row, its target, its number)` for the rows that count.
  template <class T, class Use>
  static void for_each_row(const std::vector<Tensor>& in, const Use& use) {
    const View<T> logits(in[0]);
    const View<std::int64_t> target(in[1]);
    const View<bool> counted(in[2]);
    std::vector<double> p(static_cast<std::size_t>(logits.columns));
    for (std::int64_t row = 0; row < logits.rows; ++row) {
      if (!counted.at(row)) continue;
      const std::int64_t y = target.at(row);
      if (y < 0 || y >= logits.columns) throw Error(WEFT_INDEX, "a target is no class");
      double top = static_cast<double>(logits.at(row, 0)), sum = 0.0;
      for (std::int64_t v = 1; v < logits.columns; ++v)
        top = std::fmax(top, static_cast<double>(logits.at(row, v)));
      for (std::size_t v = 0; v < p.size(); ++v)
        sum += p[v] =
            std::exp(static_cast<double>(logits.at(row, static_cast<std::int64_t>(v))) - top);
      for (double& one : p) one /= sum;
      use(p, y, row);
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
    constexpr std::uint32_t computed =
        WEFT_DTYPES(WEFT_DTYPE_FLOAT32) | WEFT_DTYPES(WEFT_DTYPE_FLOAT64);
    ports.input("logits", "[B, S, V]", "Row t scores the token at t + 1.", computed);
    ports.input("target", "[B, S]", "The tokens.", WEFT_DTYPES_INDEX);
    ports.mask_input("mask", "[B, S]", "target");
    ports.output("loss", "[]", "Sum over the tokens that count.", computed);
    ports.output("weight", "[]", "How many those are.", WEFT_DTYPES(WEFT_DTYPE_FLOAT64));
  }

  Quadratic(const Config&, const Parameters&) {}

  Outputs forward(const Inputs& in) const override {
    const Targets targets = lay_beside(in["logits"], in["target"], in["mask"], 1, -100);
    std::vector<Tensor> rows(3);  // not from braces: libc++ 14 loses elements if a copy throws
    rows[0] = targets.logits.reshape({-1, targets.logits.size(-1)});
    rows[1] = targets.target.reshape({-1});
    rows[2] = targets.counted.reshape({-1});
    return {{"loss", weft::apply(std::make_unique<Score>(), rows)[0]}};
  }

  Tensor weight(const Inputs& in) const override {
    return sum(lay_beside(Tensor(), in["target"], in["mask"], 1, -100).counted)
        .to(WEFT_DTYPE_FLOAT64);
  }
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Quadratic)
