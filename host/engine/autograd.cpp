// SPDX-License-Identifier: Apache-2.0
#include "host/engine/autograd.hpp"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "host/base/text.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {
namespace {

/// The gradients that there are.
std::vector<at::Tensor> gradients_of(const std::vector<Tensor>& parameters) {
  std::vector<at::Tensor> gradients;
  for (const Tensor& parameter : parameters) {
    const at::Tensor& gradient = tensor_of(parameter).grad();
    if (gradient.defined()) gradients.push_back(gradient);
  }
  return gradients;
}

void check_root(const at::Tensor& root) {
  if (root.numel() != 1)
    throw Error(Exit::failed,
                concat("backward needs a scalar, found ", describe(root), ". Sum it first."));
  if (!root.requires_grad())
    throw Error(Exit::failed,
                "backward: the scalar depends on no trainable parameter. Check which parts the "
                "stage trains, and that they feed the loss.");
}

}  // namespace

GradMode::GradMode(bool enabled) : outer_(c10::GradMode::is_enabled()) {
  c10::GradMode::set_enabled(enabled);
}

GradMode::~GradMode() {
  c10::GradMode::set_enabled(outer_);
}

void backward(const Tensor& scalar) {
  checked("backward", [&] {
    check_root(tensor_of(scalar));
    tensor_of(scalar).backward();
  });
}

std::vector<Tensor> derivatives(const Tensor& scalar, const std::vector<Tensor>& tensors,
                                bool differentiable) {
  return checked("backward", [&] {
    check_root(tensor_of(scalar));
    std::vector<at::Tensor> inputs;
    for (const Tensor& tensor : tensors) inputs.push_back(tensor_of(tensor));
    std::vector<Tensor> found;
    for (const at::Tensor& derivative :
         torch::autograd::grad({tensor_of(scalar)}, inputs, {}, /*retain_graph=*/true,
                               /*create_graph=*/differentiable, /*allow_unused=*/true))
      found.push_back(derivative.defined() ? wrap(derivative) : Tensor());
    return found;
  });
}

Tensor gradient(const Tensor& parameter) {
  return checked("reading a gradient", [&] {
    const at::Tensor& gradient = tensor_of(parameter).grad();
    return gradient.defined() ? wrap(gradient) : Tensor();
  });
}

void clear_gradients(const std::vector<Tensor>& parameters) {
  for (const Tensor& parameter : parameters) tensor_of(parameter).mutable_grad().reset();
}

void scale_gradients(const std::vector<Tensor>& parameters, double factor) {
  checked("scaling gradients", [&] {
    const c10::NoGradGuard no_grad;
    for (const at::Tensor& gradient : gradients_of(parameters)) gradient.mul_(factor);
  });
}

double clip_gradients(const std::vector<Tensor>& parameters, double max_norm) {
  return checked("clipping gradients", [&] {
    const c10::NoGradGuard no_grad;
    const std::vector<at::Tensor> gradients = gradients_of(parameters);
    if (gradients.empty()) return 0.0;
    std::vector<at::Tensor> norms;
    for (const at::Tensor& gradient : gradients) {
      const at::ScalarType precision =
          gradient.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
      norms.push_back(
          at::linalg_vector_norm(gradient, 2, at::OptionalIntArrayRef(), false, precision)
              .to(at::kDouble));
    }
    const double norm = at::linalg_vector_norm(at::stack(norms), 2).item().toDouble();
    if (max_norm > 0.0 && std::isfinite(norm))
      scale_gradients(parameters, std::min(1.0, max_norm / (norm + 1e-6)));
    return norm;
  });
}

}  // namespace weft::host
