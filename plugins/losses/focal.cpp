// SPDX-License-Identifier: Apache-2.0
/// Focal loss: cross-entropy that turns away from samples which are right already.
///
///   p = softmax(logits),  loss = Σ_b −(1 − p_b(y_b))^γ log p_b(y_b),  weight = number of b
///   ∂loss/∂z_v = [ γ (1 − p_y)^(γ−1) p_y log p_y − (1 − p_y)^γ ] (1{v = y} − p_v)
///
/// The sum runs over the rows that are present. γ = 0 is cross-entropy. It also shows how to write
/// an operation of one's own: forward and backward are loops over memory, on a GPU the kernels of
/// focal.cu, and the host puts them into its graph.
///
/// Shapes  logits [B, V], target [B] int64, present [B] bool; loss [], weight [].
/// Errors  a target that is no class; on a GPU it makes the loss NaN, because nothing waits there.
/// Source  Lin et al. 2017, arXiv:1708.02002, with softmax for sigmoid and without α.

#include <weft/device.hpp>
#include <weft/plugin.hpp>

#include <algorithm>

#include "focal_kernels.hpp"

namespace weft {
namespace {

using focal::Batch;
using focal::View;

/// @param memory  first element, wherever it lies
template <class T>
View<T> view_of(const Tensor& tensor, const T* memory) {
  const weft_tensor_meta meta = tensor.meta();
  const bool is_matrix = meta.ndim > 1;
  return {memory, meta.sizes[0], is_matrix ? meta.sizes[1] : 1, meta.strides[0],
          is_matrix ? meta.strides[1] : 0};
}

class FocalFunction final : public CustomFunction {
 public:
  explicit FocalFunction(double gamma) : gamma_(gamma) {}
  const char* name() const override { return "loss.focal"; }

  /// in: logits, target, and present where rows may be absent.
  std::vector<Tensor> forward(Saved& saved, const std::vector<Tensor>& in) const override {
    saved.keep(in);
    return {in[0].dtype() == WEFT_DTYPE_FLOAT64 ? loss_of<double>(in) : loss_of<float>(in)};
  }

  std::vector<Tensor> backward(const Saved& saved, const std::vector<Tensor>& grad_out,
                               const std::vector<bool>& needs) const override {
    std::vector<Tensor> gradients(needs.size());
    if (!needs[0] || !grad_out[0]) return gradients;
    std::vector<Tensor> in;
    for (std::uint32_t i = 0; i < needs.size(); ++i) in.push_back(saved[i]);
    gradients[0] = in[0].dtype() == WEFT_DTYPE_FLOAT64 ? gradient_of<double>(in, grad_out[0])
                                                       : gradient_of<float>(in, grad_out[0]);
    return gradients;
  }

 private:
  /// In the memory of the CPU, or of the device where the kernels run.
  template <class T>
  static Batch<T> batch_of(const std::vector<Tensor>& in, bool on_device) {
    const auto view = [&](const Tensor& tensor, auto type) {
      using Element = decltype(type);
      return view_of<Element>(tensor,
                              on_device ? memory_of<Element>(tensor) : tensor.data<Element>());
    };
    return {view(in[0], T()), view(in[1], std::int64_t()),
            in.size() > 2 ? view(in[2], bool()) : View<bool>{nullptr, 0, 0, 0, 0}};
  }

#ifdef WEFT_PLUGIN_CUDA
  static void require_queued(const char* fault) {
    if (fault != nullptr)
      throw Error(WEFT_FAILED, std::string("CUDA did not start the kernel: ") + fault);
  }
#endif

  template <class T>
  Tensor loss_of(const std::vector<Tensor>& in) const {
#ifdef WEFT_PLUGIN_CUDA
    if (const weft_device device = device_of(in[0]); device.type == WEFT_DEVICE_CUDA) {
      const Tensor losses = empty({in[0].size(0)}, WEFT_DTYPE_FLOAT64, in[0]);
      require_queued(focal::queue_losses(batch_of<T>(in, true), gamma_, memory_of<double>(losses),
                                         device.stream));
      return sum(losses).to(in[0].dtype());
    }
#endif
    const Batch<T> batch = batch_of<T>(in, false);
    const Tensor loss = empty({}, in[0].dtype(), in[0]);
    double all = 0.0;
    for (std::int64_t b = 0; b < batch.logits.rows; ++b) {
      if (!is_present(batch, b)) continue;
      if (!has_class(batch, b))
        throw Error(WEFT_INDEX, "target " + std::to_string(at(batch.target, b)) + " of row " +
                                    std::to_string(b) + " is none of the " +
                                    std::to_string(batch.logits.columns) + " classes");
      const double z = static_cast<double>(at(batch.logits, b, at(batch.target, b)));
      all += focal::loss_of(z - log_sum_exp(batch.logits, b), gamma_);
    }
    *loss.data<T>() = static_cast<T>(all);
    return loss;
  }

  template <class T>
  Tensor gradient_of(const std::vector<Tensor>& in, const Tensor& outer) const {
    const Tensor gradient = empty(in[0].sizes(), in[0].dtype(), in[0]);
#ifdef WEFT_PLUGIN_CUDA
    if (const weft_device device = device_of(in[0]); device.type == WEFT_DEVICE_CUDA) {
      require_queued(focal::queue_gradient(batch_of<T>(in, true), gamma_, memory_of<T>(outer),
                                           memory_of<T>(gradient), device.stream));
      return gradient;
    }
#endif
    const Batch<T> batch = batch_of<T>(in, false);
    const double factor = static_cast<double>(*outer.data<T>());
    T* row = gradient.data<T>();
    for (std::int64_t b = 0; b < batch.logits.rows; ++b, row += batch.logits.columns) {
      if (!is_present(batch, b)) {
        std::fill_n(row, batch.logits.columns, T(0));
        continue;
      }
      const std::int64_t y = at(batch.target, b);
      const double log_sum = log_sum_exp(batch.logits, b);
      const double log_p = static_cast<double>(at(batch.logits, b, y)) - log_sum;
      differentiate(batch.logits, b, y, log_sum, factor * focal::slope_of(log_p, gamma_), row);
    }
    return gradient;
  }

  /// log Σ_v exp(z_v) of a row.
  template <class T>
  static double log_sum_exp(const View<T>& logits, std::int64_t row) {
    const double top = focal::top_of(logits, row);
    return top + std::log(focal::sum_of(logits, row, top));
  }

  double gamma_;
};

class Focal final : public Loss {
 public:
  static constexpr Identity identity{"loss.focal", "1.2.0",
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
    const std::uint32_t dtype = logits.dtype();
    if (dtype != WEFT_DTYPE_FLOAT32 && dtype != WEFT_DTYPE_FLOAT64)
      logits = logits.to(WEFT_DTYPE_FLOAT32);
    std::vector<Tensor> given{logits, in["target"]};
    if (const Tensor present = in["present"]) given.push_back(present);
    return {{"loss", weft::apply(std::make_unique<FocalFunction>(gamma_), given)[0]}};
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
