// SPDX-License-Identifier: Apache-2.0
/// Easy examples before difficult ones.

#pragma once

#include <cstdint>
#include <vector>

namespace weft::host {

/// The share of the examples, the easiest, that a step draws from:
///
///   c(t) = min(1, √(t (1 − c₀²) / T + c₀²))
///
/// Platanios et al., "Competence-based curriculum learning for neural machine translation", 2019,
/// with the schedule's root.
struct EasyFirst {
  std::vector<double> difficulty;  ///< of each example of the training part
  double begin = 0.01;             ///< c₀, above 0
  std::int64_t steps = 1;          ///< T: from this step on every example is drawn
  std::int64_t rows = 1;           ///< of a step, all ranks together

  double competence(std::int64_t step) const;
};

}  // namespace weft::host
