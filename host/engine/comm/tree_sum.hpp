// SPDX-License-Identifier: Apache-2.0
/// The sum of gradient_tree.hpp over lists of tensors. Internal to host/engine.

#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include <utility>
#include <vector>

namespace weft::host {

class TreeSum {
 public:
  /// The next term: a tensor each, or none where the term has nothing to add. The tree takes them
  /// over and adds into them.
  void add(std::vector<at::Tensor> term) {
    std::size_t carry = count_++;
    for (; carry % 2 == 1; carry /= 2) term = joined(take_last(), std::move(term));
    parts_.push_back(std::move(term));
  }

  /// Of all terms; empty if there were none. The tree is then empty.
  std::vector<at::Tensor> sum() {
    if (parts_.empty()) return {};
    std::vector<at::Tensor> sum = take_last();
    while (!parts_.empty()) sum = joined(take_last(), std::move(sum));
    count_ = 0;
    return sum;
  }

 private:
  std::vector<at::Tensor> take_last() {
    std::vector<at::Tensor> last = std::move(parts_.back());
    parts_.pop_back();
    return last;
  }

  static std::vector<at::Tensor> joined(std::vector<at::Tensor> left,
                                        std::vector<at::Tensor> right) {
    const c10::NoGradGuard no_grad;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!left[i].defined())
        left[i] = std::move(right[i]);
      else if (right[i].defined())
        left[i].add_(right[i]);
    }
    return left;
  }

  std::size_t count_ = 0;
  std::vector<std::vector<at::Tensor>> parts_;
};

}  // namespace weft::host
