// SPDX-License-Identifier: Apache-2.0
/// A pipeline's step against its forecast. Ranks are threads that sleep where they would compute,
/// so that more of them than the machine has cores take no time from one another; what crosses is
/// really sent.

#include <cstdio>
#include <thread>

#include "host/training/pipeline.hpp"
#include "tests/support/ranks.hpp"

namespace {

using namespace weft;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

void sleep_for(double seconds) {
  std::this_thread::sleep_for(Seconds(seconds));
}

/// Plays what a rank does in a step, with 64 KiB over each border.
void play(host::Collective& ranks, const std::vector<double>& forward, int micro) {
  const int rank = ranks.rank(), last = ranks.size() - 1;
  const std::vector<host::Tensor> output{
      host::from_array(host::Array::of<float>(std::vector<float>(64 * 256, 0.5F), {64, 256}))};
  const double own = forward[static_cast<std::size_t>(rank)];
  for (const int task : host::one_forward_one_backward(rank, ranks.size(), micro)) {
    const int from = task > 0 ? rank - 1 : rank + 1, to = task > 0 ? rank + 1 : rank - 1;
    const int tag = 2 * std::abs(task) + (task > 0 ? 0 : 1);
    if (from >= 0 && from <= last) ranks.receive(from, tag);
    sleep_for(task > 0 ? own : 2.0 * own);
    if (to >= 0 && to <= last) ranks.send(output, to, tag);
  }
  ranks.sent();
}

double seconds_of_step(const std::vector<double>& forward, int micro) {
  double seconds = 0.0;
  const std::string thrown =
      test::on_ranks(static_cast<int>(forward.size()), [&](host::Collective& ranks) {
        for (int repeat = 0; repeat < 2; ++repeat) {  // the first opens connections
          ranks.table({});
          const Clock::time_point begin = Clock::now();
          play(ranks, forward, micro);
          ranks.table({});
          if (ranks.rank() == 0) seconds = Seconds(Clock::now() - begin).count();
        }
      });
  if (!thrown.empty()) std::fprintf(stderr, "%s", thrown.c_str());
  return seconds;
}

}  // namespace

int main() {
  const std::vector<double> costs{0.012, 0.020, 0.016, 0.014};
  std::printf("ranks  micro-batches  forecast  measured  measured / forecast\n");
  for (const auto& [ranks, micro] : {std::pair{2, 8}, {3, 6}, {4, 8}, {4, 16}}) {
    const std::vector<double> forward(costs.begin(), costs.begin() + ranks);
    std::vector<double> backward;
    for (const double seconds : forward) backward.push_back(2.0 * seconds);
    const double expected = host::forecast(forward, backward, micro);
    const double measured = seconds_of_step(forward, micro);
    std::printf("%5d  %13d  %5.0f ms  %5.0f ms  %.3f\n", ranks, micro, 1e3 * expected,
                1e3 * measured, measured / expected);
  }
}
