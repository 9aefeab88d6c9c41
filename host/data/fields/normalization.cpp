// SPDX-License-Identifier: Apache-2.0
#include "host/data/fields/normalization.hpp"

#include <nlohmann/json.hpp>

#include "host/base/text.hpp"

namespace weft::host {
namespace {

constexpr double k_smallest = 1e-9;

std::vector<float> numbers(const Section& section, const char* key, double fallback, double low,
                           std::size_t entries) {
  if (!section.at(key).is_array()) return {section.real(key, fallback, low, k_large)};
  std::vector<float> values;
  for (const Json& item : section.at(key)) {
    const double value = item.is_number() ? item.get<double>() : low - 1;
    if (!(value >= low && value <= k_large)) {
      section.fail(key, concat("numbers from ", low, " to ", k_large));
    }
    values.push_back(static_cast<float>(value));
  }
  if (values.size() != entries) section.refuse(key, concat("a number, or ", entries, " of them"));
  values.resize(entries);
  return values;
}

}  // namespace

Normalization normalization(const Section& section, std::size_t entries) {
  return {numbers(section, "mean", 0, -k_large, entries),
          numbers(section, "std", 1, k_smallest, entries)};
}

}  // namespace weft::host
