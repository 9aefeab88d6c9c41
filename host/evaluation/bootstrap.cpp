// SPDX-License-Identifier: Apache-2.0
#include "host/evaluation/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "host/base/quantiles.hpp"
#include "host/base/random.hpp"

namespace weft::host {
namespace {

template <class T>
Array sum_of(const std::vector<Array>& rows, const std::vector<std::int64_t>& counts) {
  Array sum = Array::empty(rows.front().dtype, rows.front().sizes);
  std::fill_n(sum.data<T>(), sum.count(), T{0});
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (counts[row] == 0) continue;
    for (std::int64_t i = 0; i < sum.count(); ++i)
      sum.data<T>()[i] += static_cast<T>(counts[row]) * rows[row].data<T>()[i];
  }
  return sum;
}

template <class T>
Array extreme_of(const std::vector<Array>& rows, const std::vector<std::int64_t>& counts,
                 bool largest) {
  Array most;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (counts[row] == 0) continue;
    if (most.bytes == nullptr) {
      most = Array::empty(rows[row].dtype, rows[row].sizes);
      std::copy_n(rows[row].data<T>(), most.count(), most.data<T>());
    }
    for (std::int64_t i = 0; i < most.count(); ++i) {
      const T mine = most.data<T>()[i], other = rows[row].data<T>()[i];
      most.data<T>()[i] = largest ? std::max(mine, other) : std::min(mine, other);
    }
  }
  return most;
}

Array joined(const std::vector<Array>& rows, const std::vector<std::int64_t>& counts) {
  std::vector<std::int64_t> sizes = rows.front().sizes;
  sizes[0] = 0;
  for (std::size_t row = 0; row < rows.size(); ++row) sizes[0] += counts[row] * rows[row].sizes[0];
  Array all = Array::empty(rows.front().dtype, sizes);
  std::byte* at = all.bytes.get();
  for (std::size_t row = 0; row < rows.size(); ++row)
    for (std::int64_t i = 0; i < counts[row]; ++i) {
      std::memcpy(at, rows[row].bytes.get(), rows[row].byte_count());
      at += rows[row].byte_count();
    }
  return all;
}

template <class T>
Array merged_as(const std::vector<Array>& rows, const std::vector<std::int64_t>& counts,
                std::uint32_t rule) {
  return rule == WEFT_MERGE_SUM ? sum_of<T>(rows, counts)
                                : extreme_of<T>(rows, counts, rule == WEFT_MERGE_MAX);
}

}  // namespace

std::vector<std::int64_t> draw_rows(std::size_t rows, std::uint64_t seed, std::int64_t number) {
  RandomSequence random({seed, static_cast<std::uint64_t>(number)});
  std::vector<std::int64_t> counts(rows, 0);
  for (std::size_t i = 0; i < rows; ++i) ++counts[random.below(rows)];
  return counts;
}

RowStates::RowStates(const Instance& metric)
    : declared_(metric.states()), arrays_(declared_.size()) {}

void RowStates::add(const States& states) {
  for (std::size_t i = 0; i < states.size(); ++i) arrays_[i].push_back(to_array(states[i]));
  ++rows_;
}

States RowStates::merged(const std::vector<std::int64_t>& counts) const {
  States states;
  for (std::size_t i = 0; i < declared_.size(); ++i) {
    const std::vector<Array>& rows = arrays_[i];
    if (declared_[i].merge == WEFT_MERGE_CONCAT)
      states.push_back(from_array(joined(rows, counts)));
    else if (rows.front().dtype == DType::float64)
      states.push_back(from_array(merged_as<double>(rows, counts, declared_[i].merge)));
    else
      states.push_back(from_array(merged_as<std::int64_t>(rows, counts, declared_[i].merge)));
  }
  return states;
}

DrawnValues draw_values(std::size_t rows, std::int64_t drawings, std::uint64_t seed,
                        const ComputeDrawing& compute) {
  DrawnValues found;
  for (std::int64_t number = 0; number < drawings; ++number)
    for (const auto& [name, value] : compute(draw_rows(rows, seed, number)))
      found[name].push_back(value);
  return found;
}

MetricIntervals intervals_of(const DrawnValues& drawn, std::int64_t drawings) {
  MetricIntervals intervals;
  for (const auto& [name, values] : drawn) {
    const std::int64_t count = std::min(drawings, std::ssize(values));
    const auto [low, high] = interval_95({values.begin(), values.begin() + count});
    intervals[name] = {low, high};
  }
  return intervals;
}

}  // namespace weft::host
