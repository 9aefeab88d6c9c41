// SPDX-License-Identifier: Apache-2.0
/// Scores laid beside the classes or tokens that they should have chosen, for losses and metrics.

#pragma once

#include <weft/ops.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  struct Targets {
    Tensor logits;   // [..., V]; absent if they were
    Tensor target;   // [...] int64; 0 where it does not count, so that it always is a class
    Tensor counted;  // [...] bool
  };

  /// Refuses a shift where there is no length to shift along.
  inline void check_shift(std::int64_t shift, std::int64_t target_axes) {
    if (shift != 0 && target_axes < 2)
      reject("shift", "compares a token with the one before, so it needs a target [B, S], not [B]");
  }

  /// With `shift` 1, logits[:, t] is laid beside target[:, t + 1]. A target counts where the mask
  /// (or none) is true and it is not `ignored`.
  template <class...>
  Targets lay_beside(Tensor logits, Tensor target, Tensor mask, std::int64_t shift,
                     std::int64_t ignored) {
    check_shift(shift, target.dim());
    if (shift != 0) {
      const std::int64_t length = target.size(-1);
      if (logits) logits = logits.slice(-2, 0, length - shift);
      target = target.slice(-1, shift, length);
      if (mask) mask = mask.slice(-1, shift, length);
    }
    Tensor counted = not_equal(target, ignored);
    if (mask) counted = logical_and(counted, mask);
    return {logits, masked_fill(target, logical_not(counted), 0.0), counted};
  }

  /// −log softmax(logits)_target [...], zero where it does not count.
  template <class...>
  Tensor negative_log_likelihood(const Targets& targets, const Tensor& log_probabilities) {
    const Tensor chosen = gather(log_probabilities, -1, targets.target.unsqueeze(-1));  // [..., 1]
    return masked_fill(-1.0 * chosen.reshape(targets.target.sizes()), logical_not(targets.counted),
                       0.0);
  }

}  // namespace weft
