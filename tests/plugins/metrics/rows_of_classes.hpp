// SPDX-License-Identifier: Apache-2.0
/// The rows of tests/data/metrics/classification.json as batches.

#pragma once

#include "tests/plugins/metrics/texts.hpp"
#include "tests/plugins/weights.hpp"

namespace weft::test {

/// A list of lists of numbers, float64.
Array matrix(const Json& lines);

/// What a metric of logits and a target says of all rows, in batches of so many.
std::map<std::string, double> measure_classes(const std::string& id, const std::string& config,
                                              const Json& data, std::int64_t batch);

}  // namespace weft::test
