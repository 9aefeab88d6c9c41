// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

namespace weft::host {

/// Where 95 % of the values lie: their 2.5 and 97.5 % quantiles, each between the two values that
/// are nearest. Values that are no number are left out; of none both are NaN.
std::pair<double, double> interval_95(std::vector<double> values);

}  // namespace weft::host
