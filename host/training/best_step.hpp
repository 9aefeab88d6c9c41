// SPDX-License-Identifier: Apache-2.0
/// Which evaluation of a stage was the best.

#pragma once

#include <cstdint>

#include "host/checkpoint/checkpoint.hpp"
#include "host/evaluation/evaluate.hpp"
#include "host/graph/model.hpp"
#include "host/recipe/recipe.hpp"

namespace weft::host {

/// Takes an evaluation into account. A number that is none is never the best.
/// @param model  knows a metric's first output, which is meant where the plan names none
void note_evaluation(const KeepBestPlan& plan, const Model& model, const MetricValues& values,
                     std::int64_t step, StageProgress& progress);

/// Whether so many evaluations in a row were not the best that the stage ends.
bool is_out_of_patience(const KeepBestPlan& plan, const StageProgress& progress);

}  // namespace weft::host
