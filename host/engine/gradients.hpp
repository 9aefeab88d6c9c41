// SPDX-License-Identifier: Apache-2.0
/// Gradients as vectors that are compared and combined.

#pragma once

#include <cstdint>
#include <vector>

#include "host/engine/export.hpp"
#include "host/engine/parameters.hpp"
#include "host/engine/tensor.hpp"

namespace weft::host {

/// Σ_i a_i · b_i over the tensors of two lists, in float64; an absent one counts as zeros.
WEFT_ENGINE_API double inner_product(const std::vector<Tensor>& a, const std::vector<Tensor>& b);

/// Σ_t factors_t tensors_t of one shape, absent ones left out; absent if all are.
WEFT_ENGINE_API Tensor combined(const std::vector<Tensor>& tensors,
                                const std::vector<double>& factors);

/// Replaces the parameter's gradient; absent takes it away.
WEFT_ENGINE_API void set_gradient(const Tensor& parameter, const Tensor& gradient);

/// g ← g + ε, ε ~ N(0, s²), where s is the standard deviation of the numbers of g.
WEFT_ENGINE_API void add_noise(const std::vector<Tensor>& parameters, const Generator& generator);

/// `count` rows from `first` on, sharing the tensor's memory.
WEFT_ENGINE_API Tensor some_rows(const Tensor& tensor, std::int64_t first, std::int64_t count);

/// The rows of tensors, one below the other; nothing is recorded.
WEFT_ENGINE_API Tensor stacked_rows(const std::vector<Tensor>& tensors);

}  // namespace weft::host
