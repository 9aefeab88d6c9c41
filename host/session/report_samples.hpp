// SPDX-License-Identifier: Apache-2.0
/// What a report shows of the data: samples with what the run says of them, and how its answers are
/// spread.

#pragma once

#include "host/data/dataset/dataset.hpp"
#include "host/report/run_page.hpp"
#include "host/session/prediction.hpp"

namespace weft::host {

/// Predicts a split. Shown are `count` samples, wrong ones first and among them those of which the
/// run is surest; confusion and calibration are of all that have a target.
/// @param data  the section that the predictor answers for, with all its fields
RunPageSamples report_samples(Predictor& predictor, const Dataset& data, Split split,
                              std::size_t count);

}  // namespace weft::host
