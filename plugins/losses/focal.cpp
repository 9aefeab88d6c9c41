// SPDX-License-Identifier: Apache-2.0
/// Focal loss: cross-entropy that turns away from samples which are right already.
///
///   p = softmax(logits),  loss = Σ_b −(1 − p_b(y_b))^γ log p_b(y_b),  weight = number of b
///   ∂loss/∂z_v = [ γ (1 − p_y)^(γ−1) p_y log p_y − (1 − p_y)^γ ] (1{v = y} − p_v)
///
/// The sum runs over the rows that are present. γ = 0 is cross-entropy. It also shows how to write
/// an operation of one's own: forward and backward are loops over memory, and the host puts them
/// into its graph.
///
/// Shapes  logits [B, V], target [B] int64, present [B] bool; loss [], weight [].
/// Errors  a target that is no class; tensors that are not on the CPU.
/// Source  Lin et al. 2017, arXiv:1708.02002, with softmax for sigmoid and without α.

#include <weft/plugin.hpp>

#include <cmath>

namespace weft {
namespace {

/// A matrix, or a vector as its first column, in memory with any strides.
template <class T>
struct View {
  const T* data;
  std::int64_t rows, columns, row_stride, column_stride;

  explicit View(const Tensor& tensor) : data(tensor.data<T>()) {
    const weft_tensor_meta meta = tensor.meta();
    rows = meta.sizes[0];
    columns = meta.ndim > 1 ? meta.sizes[1] : 1;
    row_stride = meta.strides[0];
    column_stride = meta.ndim > 1 ? meta.strides[1] : 0;
  }
  T at(std::int64_t row, std::int64_t column = 0) const {
    return data[row * row_stride + column * column_stride];
  }
};

/// log Σ_v exp(z_v) of a row.
template <class T>
double log_sum_exp(const View<T>& logits, std::int64_t row) {
  double top = static_cast<double>(logits.at(row, 0)), sum = 0.0;
  for (std::int64_t v = 1; v < logits.columns; ++v)
    top = std::max(top, static_cast<double>(logits.at(row, v)));
  for (std::int64_t v = 0; v < logits.columns; ++v)
    sum += std::exp(static_cast<double>(logits.at(row, v)) - top);
  return top + std::log(sum);
}

class FocalFunction final : public CustomFunction {
 public:
  explicit FocalFunction(double gamma) : gamma_(gamma) {}
  const char* name() const override { return "loss.focal"; }

  /// in: logits, target.
  std::vector<Tensor> forward(Saved& saved, const std::vector<Tensor>& in) const override {
    saved.keep(in);
    const Tensor loss = empty({}, in[0].dtype(), in[0]);
    if (in[0].dtype() == WEFT_DTYPE_FLOAT64)
      add_up<double>(in[0], in[1], loss);
    else
      add_up<float>(in[0], in[1], loss);
    return {loss};
  }

  std::vector<Tensor> backward(const Saved& saved, const std::vector<Tensor>& grad_out,
                               const std::vector<bool>& needs) const override {
    if (!needs[0] || !grad_out[0]) return {Tensor(), Tensor()};
    const Tensor logits = saved[0], target = saved[1];
    const Tensor gradient = empty(logits.sizes(), logits.dtype(), logits);
    if (logits.dtype() == WEFT_DTYPE_FLOAT64)
      differentiate<double>(logits, target, grad_out[0], gradient);
    else
      differentiate<float>(logits, target, grad_out[0], gradient);
    return {gradient, Tensor()};
  }

 private:
  /// (1 − p)^γ for p = exp(log_p); 1 − p is exact also where p rounds to 1.
  double focus(double log_p) const { return std::pow(-std::expm1(log_p), gamma_); }

  template <class T>
  void add_up(const Tensor& logits_tensor, const Tensor& target_tensor, const Tensor& loss) const {
    const View<T> logits(logits_tensor);
    const View<std::int64_t> target(target_tensor);
    double sum = 0.0;
    for (std::int64_t b = 0; b < logits.rows; ++b) {
      const std::int64_t y = target.at(b);
      if (y < 0 || y >= logits.columns)
        throw Error(WEFT_INDEX, "target " + std::to_string(y) + " of row " + std::to_string(b) +
                                    " is none of the " + std::to_string(logits.columns) +
                                    " classes");
      const double log_p = static_cast<double>(logits.at(b, y)) - log_sum_exp(logits, b);
      sum -= focus(log_p) * log_p;
    }
    *loss.data<T>() = static_cast<T>(sum);
  }

  template <class T>
  void differentiate(const Tensor& logits_tensor, const Tensor& target_tensor,
                     const Tensor& outer_tensor, const Tensor& gradient) const {
    const View<T> logits(logits_tensor);
    const View<std::int64_t> target(target_tensor);
    const double outer = static_cast<double>(*outer_tensor.data<T>());
    T* out = gradient.data<T>();
    for (std::int64_t b = 0; b < logits.rows; ++b) {
      const std::int64_t y = target.at(b);
      const double log_sum = log_sum_exp(logits, b);
      const double log_p = static_cast<double>(logits.at(b, y)) - log_sum;
      const double rest = -std::expm1(log_p);  // 1 − p
      // At p = 1 the first term tends to zero, but reads as 0 / 0.
      const double slope =
          rest > 0.0 ? gamma_ * focus(log_p) / rest * std::exp(log_p) * log_p : 0.0;
      const double factor = outer * (slope - focus(log_p));
      for (std::int64_t v = 0; v < logits.columns; ++v) {
        const double p = std::exp(static_cast<double>(logits.at(b, v)) - log_sum);
        *out++ = static_cast<T>(factor * ((v == y ? 1.0 : 0.0) - p));
      }
    }
  }

  double gamma_;
};

class Focal final : public Loss {
 public:
  static constexpr Identity identity{"loss.focal", "1.1.0",
                                     "Cross-entropy with less weight on easy samples."};

  struct Config {
    double gamma = 2.0;

    void describe(Fields& fields) {
      fields.add("gamma", gamma, "Focus γ; 0: cross-entropy.").at_least(0.0);
    }
  };

  static void ports(Ports& ports, const Config&) {
    ports.input("logits", "[B, V]", "Scores before softmax.");
    ports.input("target", "[B]", "The class that came.", WEFT_DTYPES_INDEX);
    ports.present_input();
    ports.output("loss", "[]", "Sum over the rows.");
    ports.output("weight", "[]", "Number B of rows.");
  }

  Focal(const Config& config, const Parameters&) : gamma_(config.gamma) {}

  Outputs forward(const Inputs& in) const override {
    Tensor logits = in["logits"];
    if (logits.meta().device_type != 0)
      throw Error(WEFT_UNSUPPORTED,
                  "loss.focal computes on the CPU, and the logits are on another device. Train "
                  "there with loss.cross_entropy");
    const std::uint32_t dtype = logits.dtype();
    if (dtype != WEFT_DTYPE_FLOAT32 && dtype != WEFT_DTYPE_FLOAT64)
      logits = logits.to(WEFT_DTYPE_FLOAT32);
    Tensor target = in["target"];
    if (const Tensor present = in["present"]) {
      const Tensor rows = nonzero(present).reshape({-1});
      logits = index_select(logits, 0, rows);
      target = index_select(target, 0, rows);
    }
    return {{"loss", apply(std::make_unique<FocalFunction>(gamma_), {logits, target})[0]}};
  }

  Tensor weight(const Inputs& in) const override {
    const Tensor rows = in["present"] ? in["present"] : full_like(in["target"], 1.0);
    return sum(rows).to(WEFT_DTYPE_FLOAT64);
  }

 private:
  double gamma_;
};

}  // namespace
}  // namespace weft

WEFT_PLUGIN(weft::Focal)
