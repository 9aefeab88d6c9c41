// SPDX-License-Identifier: Apache-2.0
/// Runs compared on the same test rows: values, differences, verdicts, costs.

#pragma once

#include <string>
#include <vector>

#include "host/report/paired.hpp"
#include "host/report/run_summary.hpp"
#include "host/report/saved_evaluation.hpp"

namespace weft::host {

/// Runs of one recipe that differ in their seed alone.
struct RunGroup {
  struct Run {
    std::string folder;
    std::uint64_t seed = 0;
    SavedEvaluation evaluation;
    RunCost cost;
  };
  std::string label;
  std::vector<Run> runs;  ///< by their seed

  /// Mean over the runs, and deviation where there are several; NaN for a metric that one lacks.
  double mean(const std::string& metric) const;
  double deviation(const std::string& metric) const;
  bool has(const std::string& metric) const;
};

/// Opens run folders with their evaluations of a split, and puts runs of one recipe together. The
/// groups are in the order in which the first of each is given.
/// @param split  empty: that which the first run's recipe evaluates
/// @throws Error (no_input) listing the folders that are no runs or have no such evaluation of
/// their
///         newest checkpoint; (failed) listing what makes runs incomparable: other rows, other
///         contents, another metric
std::vector<RunGroup> groups_of(const std::vector<std::string>& folders, const std::string& split);

enum class Verdict { better, worse, not_distinguishable };
const char* text_of(Verdict verdict);

struct ComparedMetric {
  std::string metric;  ///< "metric.output"
  PairedDifference found;
  double p_holm = 1;  ///< over all metrics of the same two groups
  bool lower_is_better = false;
  Verdict verdict = Verdict::not_distinguishable;
  Needed needed;
};

struct ComparedGroup {
  std::string label;
  std::vector<ComparedMetric> metrics;  ///< those that both have, by name
};

/// Every other group against the first.
/// @param lower  metrics ("metric" or "metric.output") of which less is better, besides those whose
///               output is known to be an error or a perplexity
std::vector<ComparedGroup> compare_groups(const std::vector<RunGroup>& groups,
                                          const std::vector<std::string>& lower);

/// Whether less of it is better, by the name of its output.
bool is_lower_better(const std::string& metric, const std::vector<std::string>& lower);

}  // namespace weft::host
