// SPDX-License-Identifier: Apache-2.0
/// Logits that go through functions of the graph before a search sees them: `"logits"` of an entry.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/generation/search.hpp"
#include "host/graph/model.hpp"

namespace weft::host {

/// The decoders of the text in a field that a node follows from through functions; itself, if it is
/// one.
std::vector<std::size_t> decoders_behind(const Wiring& wiring, std::size_t node,
                                         const std::string& field, const std::string& data);

/// The nodes that must run before it, the text in the field aside, in running order.
std::vector<std::size_t> upstream_of_logits(const Wiring& wiring, std::size_t node,
                                            const std::string& field, const std::string& data);

/// The logits that a function's output holds at the last tokens of texts, which all decoders behind
/// it are given, each with caches of its own.
/// @param field   where the text stands in training
/// @param values  holds what upstream_of_logits() gives
LastLogits steered_logits(const Model& model, std::size_t node, std::size_t port,
                          const std::string& field, const Values& values, const TensorMap& batch,
                          std::int64_t rows, bool use_cache);

}  // namespace weft::host
