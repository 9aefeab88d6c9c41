// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"
#include "host/graph/model.hpp"

namespace weft::host {

/// What to measure on which examples.
struct EvaluationRequest {
  Split split = Split::test;
  std::int64_t batch = 64;
  std::vector<std::string> metrics;  ///< names of the recipe's metrics
  std::string by;                    ///< also per value at this pointer of an example's JSON
  std::int64_t generate_length = 0;  ///< tokens at most that a decoder writes, begin included
};

/// Every output of every metric, as "metric.output".
using MetricValues = std::map<std::string, double>;

struct Evaluation {
  MetricValues all;
  std::map<std::string, MetricValues> by;  ///< per value at `by`
  std::int64_t examples = 0;
};

/// Runs the model over a split without training and accumulates its metrics. States are kept per
/// group and merged by each metric's own rules, so `all` is exact, not a mean of means.
Evaluation evaluate(const Model& model, const Dataset& data, const EvaluationRequest& request);

}  // namespace weft::host
