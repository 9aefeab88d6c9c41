// SPDX-License-Identifier: Apache-2.0
#include "host/engine/derivatives.hpp"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <vector>

#include "host/base/text.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {
namespace {

at::Tensor given(const weft_tensor* tensors, std::uint32_t i, const char* list) {
  if (tensors == nullptr || tensors[i] == nullptr)
    throw Failure(WEFT_INVALID, concat("grad.gradient: ", list, "[", i, "] is null"));
  return tensor_of(tensors[i]);
}

}  // namespace

weft_status grad_leaf(weft_tensor tensor, weft_tensor* out) {
  return guarded([] { return "grad.leaf"; },
                 [&] {
                   if (tensor == nullptr || out == nullptr)
                     throw Failure(WEFT_INVALID, "grad.leaf: a tensor is null");
                   const at::Tensor& from = tensor_of(tensor);
                   if (!torch::autograd::isDifferentiableType(from.scalar_type()))
                     throw Failure(WEFT_TYPE, concat("grad.leaf: ", describe(from),
                                                     " has no derivative. Convert it first."));
                   *out = new_handle(from.detach().requires_grad_(true));
                 });
}

weft_status grad_enable(std::uint32_t on, std::uint32_t* before) {
  if (before != nullptr) *before = c10::GradMode::is_enabled() ? 1 : 0;
  c10::GradMode::set_enabled(on != 0);
  return WEFT_OK;
}

weft_status grad_gradient(const weft_tensor* out, const weft_tensor* grad_out, std::uint32_t n_out,
                          const weft_tensor* in, std::uint32_t n_in, std::uint32_t differentiable,
                          weft_tensor* grad_in) {
  return guarded([] { return "grad.gradient"; },
                 [&] {
                   if (grad_in == nullptr && n_in > 0)
                     throw Failure(WEFT_INVALID, "grad.gradient: grad_in is null");
                   std::vector<at::Tensor> roots, slopes, inputs;
                   for (std::uint32_t i = 0; i < n_in; ++i) inputs.push_back(given(in, i, "in"));
                   for (std::uint32_t i = 0; i < n_out; ++i) {
                     const at::Tensor root = given(out, i, "out");
                     if (!root.requires_grad()) continue;  // it depends on nothing
                     const bool has_slope = grad_out != nullptr && grad_out[i] != nullptr;
                     roots.push_back(root);
                     slopes.push_back(has_slope ? tensor_of(grad_out[i]) : at::Tensor());
                   }
                   std::vector<weft_tensor> found(n_in, nullptr);
                   if (!roots.empty() && n_in > 0) {
                     const std::vector<at::Tensor> each = torch::autograd::grad(
                         roots, inputs, slopes, /*retain_graph=*/true,
                         /*create_graph=*/differentiable != 0, /*allow_unused=*/true);
                     for (std::uint32_t i = 0; i < n_in; ++i)
                       if (each[i].defined()) found[i] = new_handle(each[i]);
                   }
                   for (std::uint32_t i = 0; i < n_in; ++i) grad_in[i] = found[i];
                 });
}

}  // namespace weft::host
