// SPDX-License-Identifier: Apache-2.0
/// Scores laid beside the classes or tokens that they should have chosen, and numbers beside those
/// that they should be, for losses and metrics.

#pragma once

#include <weft/ops.hpp>

namespace weft __attribute__((visibility("hidden"))) {

  struct Targets {
    Tensor logits;   // [..., V]; absent if they were
    Tensor target;   // [...] int64; 0 where it does not count, so that it always is a class
    Tensor counted;  // [...] bool
  };

  /// Refuses a next token where there is no sequence.
  inline void check_next_token(bool next_token, std::int64_t target_axes) {
    if (next_token && target_axes < 2)
      reject("next_token",
             "compares a token with the one before, so it needs a target [B, S], not [B]");
  }

  /// flags [B] with axes of 1 behind, so that they broadcast over a tensor of so many axes.
  template <class...>
  Tensor as_rows(Tensor flags, std::int64_t axes) {
    while (flags.dim() < axes) flags = flags.unsqueeze(-1);
    return flags;
  }

  /// With `next_token`, logits[:, t] is laid beside target[:, t + 1]. A target counts where the
  /// mask (or none) is true, its row is present (or none says so) and it is not `ignored`. Logits
  /// of rows that are not present are 0, whatever they were.
  template <class...>
  Targets lay_beside(Tensor logits, Tensor target, Tensor mask, bool next_token,
                     std::int64_t ignored, const Tensor& present = Tensor()) {
    check_next_token(next_token, target.dim());
    if (next_token) {
      const std::int64_t length = target.size(-1);
      if (logits) logits = logits.slice(-2, 0, length - 1);
      target = target.slice(-1, 1, length);
      if (mask) mask = mask.slice(-1, 1, length);
    }
    Tensor counted = not_equal(target, ignored);
    if (mask) counted = logical_and(counted, mask);
    if (present) {
      counted = logical_and(counted, as_rows(present, counted.dim()));
      if (logits) logits = masked_fill(logits, logical_not(as_rows(present, logits.dim())), 0.0);
    }
    return {logits, masked_fill(target, logical_not(counted), 0.0), counted};
  }

  /// −log softmax(logits)_target [...], zero where it does not count.
  template <class...>
  Tensor negative_log_likelihood(const Targets& targets, const Tensor& log_probabilities) {
    const Tensor chosen = gather(log_probabilities, -1, targets.target.unsqueeze(-1));  // [..., 1]
    return masked_fill(-1.0 * chosen.reshape(targets.target.sizes()), logical_not(targets.counted),
                       0.0);
  }

  /// Which places [...] of a target [..., n] count: all, less those whose mask is false and those
  /// of rows that are not present.
  template <class...>
  Tensor counted_places(const Tensor& target, const Tensor& mask, const Tensor& present) {
    Tensor counted = ones(target.select(-1, 0).sizes(), target, WEFT_DTYPE_BOOL);
    if (mask) counted = logical_and(counted, mask);
    if (present) counted = logical_and(counted, as_rows(present, counted.dim()));
    return counted;
  }

  /// prediction − target [..., n], 0 at places that do not count, whatever stands there.
  template <class...>
  Tensor counted_difference(const Tensor& prediction, const Tensor& target, const Tensor& counted) {
    return masked_fill(prediction - target, logical_not(counted).unsqueeze(-1), 0.0);
  }

}  // namespace weft
