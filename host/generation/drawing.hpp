// SPDX-License-Identifier: Apache-2.0
/// What strategies that go on with several texts of a row side by side have in common.

#pragma once

#include <span>
#include <vector>

#include "host/base/random.hpp"
#include "host/generation/search.hpp"

namespace weft::host {

/// Texts under way, row after row, each with its own random numbers.
struct Drawing {
  std::vector<Sequence> texts;
  std::vector<std::size_t> rows;
  std::vector<RandomSequence> random;
};

/// max(best_of, num_return_sequences) texts of each row.
Drawing begin_drawing(const Search& search);

/// The best texts of each row, finished.
Written best_of(const Search& search, Drawing drawing);

/// Even over [0, 1).
double unit(RandomSequence& random);

/// What is drawn where each has this probability.
std::size_t drawn(std::span<const double> probabilities, RandomSequence& random);

}  // namespace weft::host
