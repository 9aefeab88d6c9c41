// SPDX-License-Identifier: Apache-2.0
#include "host/training/pipeline.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>

namespace weft::host {
namespace {

constexpr double k_never = std::numeric_limits<double>::infinity();

}  // namespace

std::vector<std::size_t> best_cut(const std::vector<double>& seconds,
                                  const std::vector<double>& crossing, std::size_t ranks) {
  const std::size_t nodes = seconds.size();
  std::vector<double> before(nodes + 1, 0.0);  // the seconds of all nodes before one
  for (std::size_t i = 0; i < nodes; ++i) before[i + 1] = before[i] + seconds[i];
  // Of the first `end` nodes in so many parts: the slowest part at best, and where the last begins.
  std::vector<std::vector<double>> slowest(ranks + 1, std::vector<double>(nodes + 1, k_never));
  std::vector<std::vector<std::size_t>> begin(ranks + 1, std::vector<std::size_t>(nodes + 1, 0));
  slowest[0][0] = 0.0;
  for (std::size_t parts = 1; parts <= ranks; ++parts)
    for (std::size_t end = parts; end <= nodes; ++end)
      for (std::size_t first = parts - 1; first < end; ++first) {
        const double last = before[end] - before[first] + (first > 0 ? crossing[first] : 0.0) +
                            (end < nodes ? crossing[end] : 0.0);
        const double worst = std::max(slowest[parts - 1][first], last);
        if (worst < slowest[parts][end]) slowest[parts][end] = worst, begin[parts][end] = first;
      }
  std::vector<std::size_t> cut(ranks);
  std::size_t end = nodes;
  for (std::size_t parts = ranks; parts > 0; --parts) cut[parts - 1] = end = begin[parts][end];
  return cut;
}

std::vector<int> one_forward_one_backward(int rank, int ranks, int micro_batches) {
  std::vector<int> tasks;
  int forward = 0, backward = 0;
  while (forward < std::min(ranks - 1 - rank, micro_batches)) tasks.push_back(++forward);
  while (forward < micro_batches) {
    tasks.push_back(++forward);
    tasks.push_back(-++backward);
  }
  while (backward < micro_batches) tasks.push_back(-++backward);
  return tasks;
}

double forecast(const std::vector<double>& forward, const std::vector<double>& backward,
                int micro_batches) {
  const std::size_t ranks = forward.size();
  const std::vector<std::optional<double>> not_yet(static_cast<std::size_t>(micro_batches) + 1);
  std::vector<std::vector<std::optional<double>>> forward_end(ranks, not_yet),
      backward_end(ranks, not_yet);
  std::vector<std::vector<int>> tasks;
  for (std::size_t rank = 0; rank < ranks; ++rank)
    tasks.push_back(
        one_forward_one_backward(static_cast<int>(rank), static_cast<int>(ranks), micro_batches));
  std::vector<std::size_t> done(ranks, 0);
  std::vector<double> now(ranks, 0.0);
  for (bool moves = true; moves;) {
    moves = false;
    for (std::size_t rank = 0; rank < ranks; ++rank)
      for (; done[rank] < tasks[rank].size(); ++done[rank], moves = true) {
        const int task = tasks[rank][done[rank]];
        const auto micro = static_cast<std::size_t>(std::abs(task));
        const std::optional<double> ready = task > 0
                                                ? rank == 0 ? 0.0 : forward_end[rank - 1][micro]
                                            : rank + 1 == ranks ? forward_end[rank][micro]
                                                                : backward_end[rank + 1][micro];
        if (!ready) break;
        now[rank] = std::max(now[rank], *ready) + (task > 0 ? forward : backward)[rank];
        (task > 0 ? forward_end : backward_end)[rank][micro] = now[rank];
      }
  }
  return *std::ranges::max_element(now);
}

}  // namespace weft::host
