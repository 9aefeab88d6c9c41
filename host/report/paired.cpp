// SPDX-License-Identifier: Apache-2.0
#include "host/report/paired.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "host/base/quantiles.hpp"
#include "host/base/random.hpp"

namespace weft::host {
namespace {

constexpr double k_level = 0.05, k_power = 0.8;

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// With n - 1 below; of one value 0.
double variance_of(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / static_cast<double>(values.size() - 1);
}

std::vector<double> values_of(const std::vector<Measured>& runs) {
  std::vector<double> values;
  for (const Measured& run : runs) values.push_back(run.value);
  return values;
}

/// Drawing i, the mean over the runs.
double drawing(const std::vector<Measured>& runs, std::size_t i) {
  double sum = 0;
  for (const Measured& run : runs) sum += run.drawings[i];
  return sum / static_cast<double>(runs.size());
}

std::size_t drawings_in_all(const std::vector<Measured>& first,
                            const std::vector<Measured>& other) {
  std::size_t count = std::numeric_limits<std::size_t>::max();
  for (const auto* runs : {&first, &other})
    for (const Measured& run : *runs) count = std::min(count, run.drawings.size());
  return count;
}

struct SeedError {
  double variance = 0, degrees = 0;
};

SeedError seed_error(const std::vector<double>& first, const std::vector<double>& other) {
  const auto n = static_cast<double>(first.size()), m = static_cast<double>(other.size());
  if (n + m < 3) return {};
  // One run alone says nothing of its spread: it is taken to be that of the others.
  const double a = first.size() > 1 ? variance_of(first) : variance_of(other);
  const double b = other.size() > 1 ? variance_of(other) : variance_of(first);
  if (n < 2 || m < 2) return {a / n + b / m, std::max(n, m) - 1};
  const double sum = a / n + b / m;
  const double degrees = sum * sum / (a * a / (n * n * (n - 1)) + b * b / (m * m * (m - 1)));
  return {sum, std::isfinite(degrees) ? degrees : n + m - 2};
}

/// A number from Student's t.
double student(RandomSequence& random, double degrees) {
  for (;;) {
    const double u = static_cast<double>(random.within(1)),
                 v = static_cast<double>(random.within(1));
    const double w = u * u + v * v;
    if (w > 0 && w < 1) return u * std::sqrt(degrees * (std::pow(w, -2 / degrees) - 1) / w);
  }
}

/// Twice the smaller share of drawings on either side of 0, one more counted on each.
double two_sided(const std::vector<double>& drawn) {
  const auto at_most = std::ranges::count_if(drawn, [](double value) { return value <= 0; });
  const auto at_least = std::ranges::count_if(drawn, [](double value) { return value >= 0; });
  const double share =
      static_cast<double>(std::min(at_most, at_least) + 1) / static_cast<double>(drawn.size() + 1);
  return std::min(1.0, 2 * share);
}

}  // namespace

PairedDifference paired_difference(const std::vector<Measured>& first,
                                   const std::vector<Measured>& other) {
  const std::vector<double> a = values_of(first), b = values_of(other);
  PairedDifference found;
  found.difference = mean_of(b) - mean_of(a);
  const SeedError seeds = seed_error(a, b);
  found.seed_error = std::sqrt(seeds.variance);
  found.seed_degrees = seeds.degrees;
  RandomSequence random({0});
  std::vector<double> rows, drawn;
  for (std::size_t i = 0; i < drawings_in_all(first, other); ++i) {
    const double row = drawing(other, i) - drawing(first, i);
    if (std::isnan(row)) continue;
    rows.push_back(row);
    drawn.push_back(row);
    if (seeds.degrees > 0) drawn.back() += found.seed_error * student(random, seeds.degrees);
  }
  if (drawn.empty() || std::isnan(found.difference)) {
    found.low = found.high = found.difference = std::numeric_limits<double>::quiet_NaN();
    return found;
  }
  found.row_error = std::sqrt(variance_of(rows));
  found.p = two_sided(drawn);
  std::tie(found.low, found.high) = interval_95(std::move(drawn));
  return found;
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, static_cast<double>(p.size() - rank) * p[order[rank]]);
    adjusted[order[rank]] = std::min(1.0, largest);
  }
  return adjusted;
}

double normal_quantile(double probability) {
  double low = -40, high = 40;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < probability ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// Of Student's t; the normal one's for 0 degrees, which stand for none that count. Abramowitz and
/// Stegun 26.7.5, good to a few per cent from two degrees on.
static double t_quantile(double probability, double degrees) {
  const double z = normal_quantile(probability);
  if (degrees <= 0) return z;
  const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * degrees) + (5 * z5 + 16 * z3 + 3 * z) / (96 * degrees * degrees) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * degrees * degrees * degrees);
}

Needed needed_to_tell(const PairedDifference& found, std::int64_t rows, std::int64_t seeds,
                      std::int64_t tests) {
  const double level = k_level / static_cast<double>(std::max<std::int64_t>(tests, 1));
  const double power = normal_quantile(k_power);
  const double allowed = std::pow(found.difference / (normal_quantile(1 - level / 2) + power), 2);
  // More rows leave the few degrees of the seeds as they are.
  const double allowed_now =
      std::pow(found.difference / (t_quantile(1 - level / 2, found.seed_degrees) + power), 2);
  const double by_rows = found.row_error * found.row_error;
  const double by_seeds = found.seed_error * found.seed_error;
  // Variances fall with the number of rows, and with that of seeds.
  const auto more = [](double factor, std::int64_t now) {
    const double count = std::ceil(factor * static_cast<double>(now));
    return count < 1e12 ? std::max(static_cast<std::int64_t>(count), now + 1) : 0;
  };
  Needed needed;
  if (by_rows > 0 && allowed_now > by_seeds)
    needed.rows = more(by_rows / (allowed_now - by_seeds), rows);
  if (by_seeds > 0 && allowed > by_rows) needed.seeds = more(by_seeds / (allowed - by_rows), seeds);
  return needed;
}

}  // namespace weft::host
