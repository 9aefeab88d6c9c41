// SPDX-License-Identifier: Apache-2.0
/// One side of pipeline.py: for each line of standard input, which is a number of seconds, takes
/// training batches of the data section DATA for so long, after those that were made ahead, and
/// prints how many samples they held and the seconds.
///
///     pipeline_peer DATA BATCH

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>

#include "host/data/dataset/dataset.hpp"
#include "host/data/loading/stream.hpp"
#include "tests/bench/peers/peer.hpp"

namespace weft::bench {
namespace {

void serve(const std::string& data, std::int64_t batch) {
  using Clock = std::chrono::steady_clock;
  const int ahead = host::parse_data_options(data).loading.prefetch + 1;
  host::TrainingStream stream(host::Dataset::open("bench", data, ""), batch, 0);
  for (double seconds = 0; std::cin >> seconds;) {
    for (int i = 0; i < ahead; ++i) stream.next();
    std::int64_t count = 0;
    double taken = 0;
    for (const Clock::time_point begun = Clock::now(); taken < seconds;) {
      count += stream.next().size;
      taken = std::chrono::duration<double>(Clock::now() - begun).count();
    }
    std::printf("%lld %.6f\n", static_cast<long long>(count), taken);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace weft::bench

int main(int count, char** words) {
  return weft::bench::run(count == 3, "pipeline_peer DATA BATCH",
                          [&] { weft::bench::serve(words[1], std::stoll(words[2])); });
}
