// SPDX-License-Identifier: Apache-2.0
/// Derivatives within a call: gradient penalties, energies, fixed points. ABI 0.10.
///
///   const Recording recording;                       // also where the host only evaluates
///   const Tensor at = leaf(in["tokens"]);
///   const Tensor energy = norm(at).sum();
///   const Tensor slope = gradient(energy, {at})[0];  // ∂ energy / ∂ tokens

#pragma once

#include <weft/tensor.hpp>

namespace weft __attribute__((visibility("hidden"))) {
  namespace detail {

  /// The host's table, in a host that has derivatives.
  inline const weft_grad_api& derivatives_api() {
    if (!WEFT_HAS(host->grad, gradient) || host->grad->gradient == nullptr)
      throw Error(WEFT_UNSUPPORTED,
                  "this host offers ABI 0.9, in which a part cannot ask for derivatives. Use a "
                  "host that offers 0.10.");
    return *host->grad;
  }

  }  // namespace detail

  /// A tensor of the same values that depends on nothing, with respect to which gradient()
  /// differentiates.
  template <class...>
  Tensor leaf(const Tensor& x) {
    weft_tensor out = nullptr;
    detail::check(detail::derivatives_api().leaf(x.handle(), &out));
    return Tensor::own(out);
  }

  /// While it lives operations are recorded, or are not, whatever the host does.
  class Recording {
   public:
    explicit Recording(bool on = true) {
      detail::check(detail::derivatives_api().enable(on ? 1 : 0, &before_));
    }
    ~Recording() { detail::host->grad->enable(before_, nullptr); }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

   private:
    std::uint32_t before_ = 0;
  };

  /// Σᵢ slopesᵢᵀ ∂outᵢ/∂inⱼ for each j, of the sizes of inⱼ; absent where no out depends on it.
  /// @param slopes          one for each out; an absent one: out is a scalar, with slope 1
  /// @param differentiable  whether the results can be differentiated again
  template <class...>
  std::vector<Tensor> gradient(const std::vector<Tensor>& out, const std::vector<Tensor>& slopes,
                               const std::vector<Tensor>& in, bool differentiable = false) {
    if (slopes.size() != out.size())
      throw Error(WEFT_INVALID, "gradient: " + std::to_string(out.size()) + " tensors and " +
                                    std::to_string(slopes.size()) + " slopes");
    std::vector<weft_tensor> outs, given, ins, found(in.size(), nullptr);
    for (const Tensor& tensor : out) outs.push_back(tensor.handle());
    for (const Tensor& tensor : slopes) given.push_back(tensor.handle());
    for (const Tensor& tensor : in) ins.push_back(tensor.handle());
    detail::check(detail::derivatives_api().gradient(
        outs.data(), given.data(), static_cast<std::uint32_t>(outs.size()), ins.data(),
        static_cast<std::uint32_t>(ins.size()), differentiable ? 1 : 0, found.data()));
    std::vector<Tensor> gradients;
    for (weft_tensor handle : found)
      gradients.push_back(handle == nullptr ? Tensor() : Tensor::own(handle));
    return gradients;
  }
  /// The same of one scalar.
  template <class...>
  std::vector<Tensor> gradient(const Tensor& out, const std::vector<Tensor>& in,
                               bool differentiable = false) {
    return gradient({out}, {Tensor()}, in, differentiable);
  }

}  // namespace weft
