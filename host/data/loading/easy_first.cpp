// SPDX-License-Identifier: Apache-2.0
#include "host/data/loading/easy_first.hpp"

#include <algorithm>
#include <cmath>

namespace weft::host {

double EasyFirst::competence(std::int64_t step) const {
  if (step >= steps) return 1.0;
  const double square = begin * begin;
  const double part = static_cast<double>(step) / static_cast<double>(steps);
  return std::min(1.0, std::sqrt(part * (1.0 - square) + square));
}

}  // namespace weft::host
