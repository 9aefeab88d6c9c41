// SPDX-License-Identifier: Apache-2.0
#include "host/engine/gradients.hpp"

#include <ATen/core/Generator.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/GradMode.h>

#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {

double inner_product(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return checked("comparing gradients", [&] {
    const c10::NoGradGuard no_grad;
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (a[i] && b[i])
        sum += tensor_of(a[i]).mul(tensor_of(b[i])).sum(at::kDouble).item().toDouble();
    return sum;
  });
}

Tensor combined(const std::vector<Tensor>& tensors, const std::vector<double>& factors) {
  return checked("combining gradients", [&] {
    const c10::NoGradGuard no_grad;
    at::Tensor sum;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (!tensors[i]) continue;
      const at::Tensor& one = tensor_of(tensors[i]);
      if (!sum.defined())
        sum = one.mul(factors[i]);
      else
        sum.add_(one, factors[i]);
    }
    return sum.defined() ? wrap(sum) : Tensor();
  });
}

void set_gradient(const Tensor& parameter, const Tensor& gradient) {
  checked("setting a gradient", [&] {
    at::Tensor& place = tensor_of(parameter).mutable_grad();
    if (gradient)
      place = tensor_of(gradient);
    else
      place.reset();
  });
}

void add_noise(const std::vector<Tensor>& parameters, const Generator& generator) {
  checked("adding noise to gradients", [&] {
    const c10::NoGradGuard no_grad;
    for (const Tensor& parameter : parameters) {
      const at::Tensor& gradient = tensor_of(parameter).grad();
      if (!gradient.defined() || gradient.numel() < 2) continue;
      const double deviation = gradient.std(/*unbiased=*/true).item().toDouble();
      gradient.add_(
          at::empty_like(gradient).normal_(0.0, deviation, generator_of(generator.get())));
    }
  });
}

Tensor some_rows(const Tensor& tensor, std::int64_t first, std::int64_t count) {
  return checked("taking rows", [&] { return wrap(tensor_of(tensor).narrow(0, first, count)); });
}

Tensor stacked_rows(const std::vector<Tensor>& tensors) {
  return checked("putting micro-batches together", [&] {
    const c10::NoGradGuard no_grad;
    std::vector<at::Tensor> rows;
    for (const Tensor& tensor : tensors) rows.push_back(tensor_of(tensor));
    return wrap(rows.size() == 1 ? rows.front() : at::cat(rows));
  });
}

}  // namespace weft::host
