// SPDX-License-Identifier: Apache-2.0
#include "host/data/inspect/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace weft::host {
namespace {

constexpr int k_exact_bits = 10, k_step_bits = 7;
constexpr std::size_t k_exact = std::size_t{1} << k_exact_bits;
constexpr std::size_t k_steps = std::size_t{1} << k_step_bits;

/// Where a number is counted.
std::size_t slot_of(std::uint64_t value) {
  if (value < k_exact) return static_cast<std::size_t>(value);
  const int top = static_cast<int>(std::bit_width(value)) - 1;
  const std::uint64_t step = (value >> (top - k_step_bits)) & (k_steps - 1);
  return k_exact + static_cast<std::size_t>(top - k_exact_bits) * k_steps +
         static_cast<std::size_t>(step);
}

/// The smallest number that is counted there.
std::int64_t number_at(std::size_t slot) {
  if (slot < k_exact) return static_cast<std::int64_t>(slot);
  const std::size_t top = (slot - k_exact) / k_steps + k_exact_bits;
  const std::size_t step = (slot - k_exact) % k_steps;
  return static_cast<std::int64_t>((k_steps + step) << (top - k_step_bits));
}

}  // namespace

void Histogram::add(std::int64_t value) {
  value = std::max<std::int64_t>(value, 0);
  const std::size_t slot = slot_of(static_cast<std::uint64_t>(value));
  if (slot >= counts_.size()) counts_.resize(slot + 1);
  ++counts_[slot];
  smallest_ = count_ == 0 ? value : std::min(smallest_, value);
  largest_ = std::max(largest_, value);
  ++count_;
}

void Histogram::add(const Histogram& other) {
  if (other.count_ == 0) return;
  if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  smallest_ = count_ == 0 ? other.smallest_ : std::min(smallest_, other.smallest_);
  largest_ = std::max(largest_, other.largest_);
  count_ += other.count_;
}

std::int64_t Histogram::quantile(double part) const {
  const auto wanted = static_cast<std::int64_t>(std::ceil(part * static_cast<double>(count_)));
  std::int64_t passed = 0;
  for (std::size_t slot = 0; slot < counts_.size(); ++slot) {
    passed += counts_[slot];
    if (passed >= wanted && passed > 0) return std::clamp(number_at(slot), smallest_, largest_);
  }
  return largest_;
}

std::int64_t Histogram::outliers() const {
  const std::int64_t low = quantile(0.25), high = quantile(0.75), reach = 3 * (high - low);
  if (reach == 0) return 0;
  std::int64_t found = 0;
  for (std::size_t slot = 0; slot < counts_.size(); ++slot) {
    const std::int64_t number = number_at(slot);
    if (number < low - reach || number > high + reach) found += counts_[slot];
  }
  return found;
}

void Moments::add(const float* values, std::int64_t count) {
  Moments own;
  own.count_ = count;
  for (std::int64_t i = 0; i < count; ++i) own.mean_ += static_cast<double>(values[i]);
  own.mean_ /= static_cast<double>(std::max<std::int64_t>(count, 1));
  for (std::int64_t i = 0; i < count; ++i) {
    const double distance = static_cast<double>(values[i]) - own.mean_;
    own.squares_ += distance * distance;
  }
  add(own);
}

void Moments::add(const Moments& other) {
  if (other.count_ == 0) return;
  const auto mine = static_cast<double>(count_), theirs = static_cast<double>(other.count_);
  const double distance = other.mean_ - mean_;
  mean_ += distance * theirs / (mine + theirs);
  squares_ += other.squares_ + distance * distance * mine * theirs / (mine + theirs);
  count_ += other.count_;
}

double Moments::deviation() const {
  return count_ == 0 ? 0 : std::sqrt(squares_ / static_cast<double>(count_));
}

}  // namespace weft::host
