// SPDX-License-Identifier: Apache-2.0
/// One side of log_mel.py: for each line of standard input, decodes the recording FILE and computes
/// the log-mel spectrum of the field FIELD so many times, and prints the processor's seconds
/// that took.
///
///     log_mel_peer FILE FIELD

#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>

#include "host/data/audio/audio_feature.hpp"
#include "host/data/fields/options.hpp"
#include "tests/bench/peers/peer.hpp"

namespace weft::bench {
namespace {

void serve(const std::string& path, const std::string& field) {
  const host::Bytes bytes = read(path);
  const auto data = host::parse_data_options(R"({"fields": {"voice": )" + field + "}}");
  const auto& options = std::get<host::RecordingOptions>(data.fields.at(0).kind);
  for (int calls = 0; std::cin >> calls;) {
    const std::clock_t begun = std::clock();
    for (int call = 0; call < calls; ++call) host::recording_feature(bytes, options, path);
    const auto taken = static_cast<double>(std::clock() - begun);
    std::printf("%.9f\n", taken / CLOCKS_PER_SEC);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace weft::bench

int main(int count, char** words) {
  return weft::bench::run(count == 3, "log_mel_peer FILE FIELD",
                          [&] { weft::bench::serve(words[1], words[2]); });
}
