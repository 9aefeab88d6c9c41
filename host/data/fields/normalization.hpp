// SPDX-License-Identifier: Apache-2.0
/// (value - mean) / std of fields that hold numbers.

#pragma once

#include <cstddef>
#include <vector>

#include "host/data/section/section.hpp"

namespace weft::host {

/// One of each for all values, or one for each of the first axis's entries.
struct Normalization {
  std::vector<float> mean = {0}, std = {1};

  double mean_of(std::size_t entry) const { return mean[mean.size() == 1 ? 0 : entry]; }
  double std_of(std::size_t entry) const { return std[std.size() == 1 ? 0 : entry]; }
  float operator()(double value, std::size_t entry) const {
    return static_cast<float>((value - mean_of(entry)) / std_of(entry));
  }
};

/// Reads `mean` (0 if left out) and `std` (1), each one number or `entries` of them.
/// @throws Error (bad_recipe)
Normalization normalization(const Section& section, std::size_t entries);

}  // namespace weft::host
