// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/data/dataset/dataset.hpp"
#include "host/evaluation/bootstrap.hpp"
#include "host/graph/model.hpp"

namespace weft::host {

/// What to measure on which examples.
struct EvaluationRequest {
  Split split = Split::test;
  std::int64_t batch = 64;
  std::vector<std::string> metrics;  ///< names of the recipe's metrics
  std::string by;                    ///< also per value at this pointer of an example's JSON
  std::vector<GenerationPlan> generate = {};  ///< what decoders write, and how
  std::int64_t drawings = 0;                  ///< of the bootstrap that gives intervals; 0: none
  std::int64_t kept_drawings = 0;             ///< that Evaluation::drawn gets
};

/// Every output of every metric, as "metric.output".
using MetricValues = std::map<std::string, double>;

struct Evaluation {
  MetricValues all;
  std::map<std::string, MetricValues> by;  ///< per value at `by`
  MetricIntervals intervals;               ///< of `all`, where drawings were asked for
  std::map<std::string, MetricIntervals> intervals_by;
  std::int64_t examples = 0;
  std::vector<std::string> keys;  ///< of the examples, in their order
  DrawnValues drawn;              ///< of `all`; drawing i draws the same rows in every evaluation
};

/// Runs the model over a split without training and accumulates its metrics. States are kept per
/// group and merged by each metric's own rules, so `all` is exact, not a mean of means. For
/// intervals every metric is also updated row by row, and what it made of each row is drawn anew.
/// Evaluations of as many rows draw the same ones, so that two models can be compared by drawing.
Evaluation evaluate(const Model& model, const Dataset& data, const EvaluationRequest& request);

}  // namespace weft::host
