// SPDX-License-Identifier: Apache-2.0
/// Differentiable operations of a plug-in's own, with forward and backward on raw memory:
///
///   class Square final : public CustomFunction {
///    public:
///     const char* name() const override { return "acme.square"; }
///     std::vector<Tensor> forward(Saved& saved, const std::vector<Tensor>& in) const override;
///     std::vector<Tensor> backward(const Saved& saved, const std::vector<Tensor>& grad_out,
///                                  const std::vector<bool>& needs) const override;
///   };
///   const Tensor y = apply(std::make_unique<Square>(), {x})[0];

#pragma once

#include <weft/tensor.hpp>

#include <memory>

namespace weft __attribute__((visibility("hidden"))) {

  /// The tensors that forward() keeps for backward().
  class Saved {
   public:
    explicit Saved(weft_saved saved) : saved_(saved) {}

    /// Within forward, at most once.
    void keep(const std::vector<Tensor>& tensors) {
      std::vector<weft_tensor> handles;
      for (const Tensor& tensor : tensors) handles.push_back(tensor.handle());
      detail::check(detail::host->grad->save(saved_, handles.data(),
                                             static_cast<std::uint32_t>(handles.size())));
    }
    /// Within backward, in the order of keep().
    Tensor operator[](std::uint32_t i) const {
      weft_tensor out = nullptr;
      detail::check(detail::host->grad->saved(saved_, i, &out));
      return Tensor::own(out);
    }

   private:
    weft_saved saved_;
  };

  /// A custom operation. It lives until neither the call nor the graph needs it, and backward may
  /// run on another thread than forward, outside any call: parameters, buffers and dropout are out
  /// of its reach. It is differentiable once.
  class CustomFunction {
   public:
    CustomFunction() = default;
    CustomFunction(const CustomFunction&) = delete;
    CustomFunction& operator=(const CustomFunction&) = delete;
    virtual ~CustomFunction() = default;

    /// Names the operation in messages: "acme.square".
    virtual const char* name() const = 0;
    /// New tensors that share no memory with `in`. Inputs may have any strides.
    virtual std::vector<Tensor> forward(Saved& saved, const std::vector<Tensor>& in) const = 0;
    /// One gradient for each input; absent means zero, and is right where needs[i] is false.
    /// grad_out[i] is contiguous, and absent if nothing depends on output i.
    virtual std::vector<Tensor> backward(const Saved& saved, const std::vector<Tensor>& grad_out,
                                         const std::vector<bool>& needs) const = 0;
  };

  namespace detail {

  inline std::vector<Tensor> borrow_all(const weft_tensor* handles, std::uint32_t n) {
    std::vector<Tensor> tensors;
    for (std::uint32_t i = 0; i < n; ++i) tensors.push_back(Tensor::borrow(handles[i]));
    return tensors;
  }

  /// Hands over results; they are complete or none is.
  inline void give_all(std::vector<Tensor> tensors, weft_tensor* out, std::uint32_t n,
                       const char* what) {
    if (tensors.size() != n)
      throw Error(WEFT_FAILED, std::string(what) + " returned " + std::to_string(tensors.size()) +
                                   " tensors instead of " + std::to_string(n));
    for (std::uint32_t i = 0; i < n; ++i) out[i] = tensors[i].give();
  }

  inline weft_status custom_forward(void* user, weft_saved kept, const weft_tensor* in,
                                    std::uint32_t n_in, weft_tensor* out, std::uint32_t n_out) {
    return guard([&] {
      Saved saved(kept);
      give_all(static_cast<const CustomFunction*>(user)->forward(saved, borrow_all(in, n_in)), out,
               n_out, "forward");
    });
  }

  inline weft_status custom_backward(void* user, weft_saved kept, const weft_tensor* grad_out,
                                     std::uint32_t n_out, const std::uint8_t* needs,
                                     weft_tensor* grad_in, std::uint32_t n_in) {
    return guard([&] {
      give_all(
          static_cast<const CustomFunction*>(user)->backward(
              Saved(kept), borrow_all(grad_out, n_out), std::vector<bool>(needs, needs + n_in)),
          grad_in, n_in, "backward");
    });
  }

  inline void custom_destroy(void* user) {
    delete static_cast<CustomFunction*>(user);
  }

  }  // namespace detail

  /// Runs a custom operation; its results take part in the host's graph.
  inline std::vector<Tensor> apply(std::unique_ptr<CustomFunction> function,
                                   const std::vector<Tensor>& in, std::uint32_t n_out = 1) {
    std::vector<weft_tensor> handles;
    for (const Tensor& tensor : in) handles.push_back(tensor.handle());
    std::vector<weft_tensor> results(n_out, nullptr);
    std::vector<Tensor> out(n_out);

    weft_function described{};
    described.size = sizeof described;
    described.name = function->name();
    described.forward = detail::custom_forward;
    described.backward = detail::custom_backward;
    described.destroy = detail::custom_destroy;
    described.user = function.release();  // the host destroys it from here on, also if this fails
    detail::check(detail::host->grad->custom(&described, handles.data(),
                                             static_cast<std::uint32_t>(handles.size()),
                                             results.data(), n_out));
    for (std::uint32_t i = 0; i < n_out; ++i) out[i] = Tensor::own(results[i]);
    return out;
  }

}  // namespace weft
