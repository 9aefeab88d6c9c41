// SPDX-License-Identifier: Apache-2.0
/// Sums whose order does not depend on who computes the terms: of gradients, over the micro-batches
/// of a step and over ranks.
///
/// Terms 0, 1, 2, … are added in pairs, (0 + 1) + (2 + 3), as a binary counter carries; what is
/// left over at the end is added from the right: of five terms ((0 + 1) + (2 + 3)) + 4. If each
/// rank holds 1, 2, 4, 8 … neighbouring terms, the sum of the ranks' sums is that of all terms to
/// the bit.

#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "host/engine/export.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// Sums the gradients of one step's micro-batches. Keeps a set of gradients for each pair of
/// micro-batches that waits for its neighbour: none beside the parameters' own up to two
/// micro-batches, one for four, two for eight.
class WEFT_ENGINE_API GradientTree {
 public:
  explicit GradientTree(std::vector<Tensor> parameters);
  ~GradientTree();
  GradientTree(const GradientTree&) = delete;
  GradientTree& operator=(const GradientTree&) = delete;

  /// The gradients of the next micro-batch are in the parameters, or added to what was there.
  void add();
  /// Leaves the sum in the parameters.
  void finish();

 private:
  struct Sums;
  const std::vector<Tensor> parameters_;
  std::size_t added_ = 0;
  std::unique_ptr<Sums> sums_;
};

}  // namespace weft::host
