// SPDX-License-Identifier: Apache-2.0
/// Several ways to do one thing, timed in turn within one run. A machine changes its speed within
/// minutes; turn about, all ways meet the same machine, so that their ratios mean something.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weft::bench {

struct Way {
  std::string name;
  std::function<void()> once;
};

struct Timing {
  std::string name;
  double median = 0.0;    ///< seconds for one call
  double quickest = 0.0;  ///< the tenth percentile: least disturbed by the machine's other work
};

/// Times `rounds` rounds; in each, every way runs `calls` times on end.
inline std::vector<Timing> side_by_side(const std::vector<Way>& ways, int rounds, int calls) {
  using Clock = std::chrono::steady_clock;
  for (const Way& way : ways) way.once();  // first calls load, allocate and resolve
  std::vector<std::vector<double>> seconds(ways.size());
  for (int round = 0; round < rounds; ++round)
    for (std::size_t w = 0; w < ways.size(); ++w) {
      const Clock::time_point begun = Clock::now();
      for (int call = 0; call < calls; ++call) ways[w].once();
      seconds[w].push_back(std::chrono::duration<double>(Clock::now() - begun).count() / calls);
    }
  std::vector<Timing> timings;
  for (std::size_t w = 0; w < ways.size(); ++w) {
    std::sort(seconds[w].begin(), seconds[w].end());
    timings.push_back(
        {ways[w].name, seconds[w][seconds[w].size() / 2], seconds[w][seconds[w].size() / 10]});
  }
  return timings;
}

}  // namespace weft::bench
