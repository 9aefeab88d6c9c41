// SPDX-License-Identifier: Apache-2.0
#include "host/training/best_step.hpp"

#include <cmath>

namespace weft::host {

void note_evaluation(const KeepBestPlan& plan, const Model& model, const MetricValues& values,
                     std::int64_t step, StageProgress& progress) {
  std::string name = plan.metric;
  if (name.find('.') == std::string::npos) {
    const Node& metric = model.wiring().nodes()[model.wiring().index(name)];
    name += "." + metric.instance.outputs().front().name;
  }
  const double value = values.at(name);
  const double gain = plan.is_max ? value - progress.best_value : progress.best_value - value;
  const bool is_better = !std::isnan(value) && (progress.best_step == 0 || gain > plan.min_delta);
  progress.measured_step = step;
  progress.evaluations_since = is_better ? 0 : progress.evaluations_since + 1;
  if (!is_better) return;
  progress.best_step = step;
  progress.best_value = value;
}

bool is_out_of_patience(const KeepBestPlan& plan, const StageProgress& progress) {
  return plan.patience > 0 && progress.evaluations_since >= plan.patience;
}

}  // namespace weft::host
