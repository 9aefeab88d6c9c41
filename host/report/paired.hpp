// SPDX-License-Identifier: Apache-2.0
/// Whether two models differ in a metric, judged from drawings of the same test rows and from
/// repetitions with other seeds.
///
/// The difference is that of the means over seeds, on the rows as they are. Its spread has two
/// parts. By the rows it is that of the difference in each drawing, which draws the same rows for
/// both, so that what is hard for both counts for neither. By the seeds its standard error is
/// sqrt(s1^2 / n1 + s2^2 / n2), to which a number drawn from Student's t with Welch's degrees
/// belongs: with three seeds, drawing seeds anew would make intervals a fifth too narrow. Each
/// drawing gets such a number; the sum is what is drawn of the difference.
///
/// Source  paired bootstrap: Efron and Tibshirani 1993, chapters 13 and 16; Koehn 2004.
///         Welch 1947. Holm 1979. Student's t by Bailey 1994.

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weft::host {

/// What one seed's run measured.
struct Measured {
  double value = 0;              ///< on the rows as they are
  std::vector<double> drawings;  ///< drawing i of the rows
};

struct PairedDifference {
  double difference = 0;     ///< of the other from the first; NaN: one of them is no number
  double low = 0, high = 0;  ///< 95 %
  double p = 1;              ///< two-sided: of a difference of at least this size by chance
  double row_error = 0;      ///< standard error by the rows
  double seed_error = 0;     ///< by the seeds; 0 where there is one seed alone
  double seed_degrees = 0;   ///< of freedom of that one; 0: seeds do not count in
};

/// A model with one seed is taken to spread over seeds as the other does; where both have one,
/// seeds do not count in.
PairedDifference paired_difference(const std::vector<Measured>& first,
                                   const std::vector<Measured>& other);

/// Holm's correction: what each p is when all are looked at together, in the given order.
std::vector<double> holm(const std::vector<double>& p);

/// How much more would tell, with a chance of 80 %, a true difference of the size that was found.
struct Needed {
  std::int64_t rows = 0;   ///< as many test rows with these seeds; 0: no number of rows would
  std::int64_t seeds = 0;  ///< as many seeds with these rows; 0: no number of seeds would
};

/// @param tests  that are looked at together: the level is 5 % of all of them (Bonferroni's bound)
Needed needed_to_tell(const PairedDifference& found, std::int64_t rows, std::int64_t seeds,
                      std::int64_t tests);

/// The point below which a standard normal number lies with this probability, between 0 and 1.
double normal_quantile(double probability);

}  // namespace weft::host
