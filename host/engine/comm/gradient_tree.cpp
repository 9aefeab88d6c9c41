// SPDX-License-Identifier: Apache-2.0
#include "host/engine/comm/gradient_tree.hpp"

#include <c10/core/GradMode.h>

#include "host/engine/comm/tree_sum.hpp"
#include "host/engine/failure.hpp"
#include "host/engine/handle.hpp"

namespace weft::host {

struct GradientTree::Sums {
  TreeSum tree;
};

GradientTree::GradientTree(std::vector<Tensor> parameters)
    : parameters_(std::move(parameters)), sums_(std::make_unique<Sums>()) {}

GradientTree::~GradientTree() = default;

// A pair's second gradient is added by backward() itself, in place.
void GradientTree::add() {
  if (++added_ % 2 == 1) return;
  checked("adding gradients", [&] {
    std::vector<at::Tensor> pair;
    for (const Tensor& parameter : parameters_) {
      at::Tensor& gradient = tensor_of(parameter).mutable_grad();
      pair.push_back(gradient);
      gradient.reset();
    }
    sums_->tree.add(std::move(pair));
  });
}

void GradientTree::finish() {
  checked("adding gradients", [&] {
    std::vector<at::Tensor> rest;
    for (const Tensor& parameter : parameters_) rest.push_back(tensor_of(parameter).grad());
    if (added_ % 2 == 1) sums_->tree.add(std::move(rest));
    const std::vector<at::Tensor> sum = sums_->tree.sum();
    for (std::size_t i = 0; i < sum.size(); ++i) tensor_of(parameters_[i]).mutable_grad() = sum[i];
    added_ = 0;
  });
}

}  // namespace weft::host
