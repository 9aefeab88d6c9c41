// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "host/data/dataset/dataset.hpp"

namespace weft::host {

/// How full the rows are that training packs documents into.
struct Packing {
  std::int64_t rows = 0;  ///< that were looked at
  double documents = 0;   ///< in a row, the mean
  double filled = 0;      ///< the part of their places in which something stands
};

/// Looks at the first rows of a training stream: at most 1,000, and an epoch's.
/// Ends where a row cannot be filled, because almost no document can be used.
/// REQUIRES: the section packs documents, and its training part is not streamed.
Packing packing_of(const Dataset& dataset, std::uint64_t seed);

}  // namespace weft::host
