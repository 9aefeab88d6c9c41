// SPDX-License-Identifier: Apache-2.0
/// How numbers spread, in memory that does not grow with how many there are.

#pragma once

#include <cstdint>
#include <vector>

namespace weft::host {

/// Counts of whole numbers from 0: exact below 1,024, above in steps of at most 1/128 of the
/// number. The smallest and the largest are exact.
class Histogram {
 public:
  void add(std::int64_t value);
  void add(const Histogram& other);

  std::int64_t count() const { return count_; }
  std::int64_t smallest() const { return smallest_; }  ///< 0 without numbers
  std::int64_t largest() const { return largest_; }

  /// The smallest number that at least this part of all does not exceed; 0 without numbers.
  std::int64_t quantile(double part) const;

  /// How many lie more than three times the distance of the quartiles outside them (Tukey's far
  /// outliers); 0 where the quartiles are equal.
  std::int64_t outliers() const;

 private:
  std::vector<std::int64_t> counts_;
  std::int64_t count_ = 0, smallest_ = 0, largest_ = 0;
};

/// Mean and standard deviation (of the sum of squares divided by the count), added up as Chan,
/// Golub and LeVeque do ("Updating formulae", 1979).
class Moments {
 public:
  void add(const float* values, std::int64_t count);
  void add(const Moments& other);

  std::int64_t count() const { return count_; }
  double mean() const { return mean_; }
  double deviation() const;

 private:
  std::int64_t count_ = 0;
  double mean_ = 0, squares_ = 0;
};

}  // namespace weft::host
