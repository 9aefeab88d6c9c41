// SPDX-License-Identifier: Apache-2.0
#include "host/engine/autograd.hpp"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/tensor.h>
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

at::Tensor norm_of(const at::Tensor& gradient) {
  const at::ScalarType precision = gradient.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return at::linalg_vector_norm(gradient, 2, at::OptionalIntArrayRef(), false, precision);
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

bool is_recording() {
  return c10::GradMode::is_enabled();
}

void backward(const Tensor& scalar) {
  checked("backward", [&] {
    check_root(tensor_of(scalar));
    tensor_of(scalar).backward();
  });
}

void backward(const std::vector<Tensor>& tensors, const std::vector<Tensor>& derivatives) {
  checked("backward", [&] {
    std::vector<at::Tensor> roots, slopes;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (!tensors[i] || !tensor_of(tensors[i]).requires_grad()) continue;
      roots.push_back(tensor_of(tensors[i]));
      slopes.push_back(derivatives[i] ? tensor_of(derivatives[i]) : at::Tensor());
    }
    if (!roots.empty()) torch::autograd::backward(roots, slopes);
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

double clip_gradients(const std::vector<Tensor>& parameters, double max_norm,
                      const std::function<void(std::vector<double>& norms)>& complete) {
  return checked("clipping gradients", [&] {
    const c10::NoGradGuard no_grad;
    std::vector<Tensor> present;
    for (const at::Tensor& gradient : gradients_of(parameters))
      present.push_back(wrap(norm_of(gradient)));
    std::vector<double> norms = items(present);
    if (complete) {
      std::vector<double> all;
      auto next = norms.begin();
      for (const Tensor& parameter : parameters)
        all.push_back(tensor_of(parameter).grad().defined() ? *next++ : -1.0);
      complete(all);
      std::erase(all, -1.0);
      norms = std::move(all);
    }
    if (norms.empty()) return 0.0;
    const at::Tensor each = at::tensor(norms, at::kDouble);
    const double norm = at::linalg_vector_norm(each, 2).item().toDouble();
    if (max_norm > 0.0 && std::isfinite(norm))
      scale_gradients(parameters, std::min(1.0, max_norm / (norm + 1e-6)));
    return norm;
  });
}

}  // namespace weft::host
