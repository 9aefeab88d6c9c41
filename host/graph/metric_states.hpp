// SPDX-License-Identifier: Apache-2.0
/// The accumulators of a metric, which belong to the host.

#pragma once

#include <cstdint>
#include <vector>

#include "host/engine/tensor.hpp"
#include "host/registry/instance.hpp"

namespace weft::host {

using States = std::vector<Tensor>;

/// The states of a metric before its first batch.
States initial_states(const Instance& metric);

/// Two states of different ranks or groups as one.
/// @param rule  WEFT_MERGE_…
Tensor merge(const Tensor& a, const Tensor& b, std::uint32_t rule);

}  // namespace weft::host
