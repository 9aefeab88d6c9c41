// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weft::host {

/// Examples that are usable, but may be an oversight.
struct Oddity {
  std::int64_t count = 0;
  std::vector<std::string> keys;  ///< of the first three
};

/// The examples of one oddity, as several threads meet them.
struct OddSum {
  std::int64_t count = 0;
  std::vector<std::size_t> first;  ///< in order

  void add(std::size_t example) { add(OddSum{1, {example}}); }
  void add(const OddSum& other) {
    constexpr std::size_t k_shown = 3;
    count += other.count;
    first.insert(first.end(), other.first.begin(), other.first.end());
    std::ranges::sort(first);
    if (first.size() > k_shown) first.resize(k_shown);
  }

  Oddity told(const std::function<std::string(std::size_t)>& key_of) const {
    Oddity oddity{count, {}};
    for (const std::size_t example : first) oddity.keys.push_back(key_of(example));
    return oddity;
  }
};

}  // namespace weft::host
