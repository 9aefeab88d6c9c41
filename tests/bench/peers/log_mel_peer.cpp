// SPDX-License-Identifier: Apache-2.0
/// One side of log_mel.py: for each line of standard input, decodes the recording FILE and computes
/// the log-mel spectrum of the field FIELD so many times, and prints the processor's seconds
/// that took.
///
///     log_mel_peer FILE FIELD

#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "host/data/feature.hpp"

namespace weft::bench {
namespace {

int serve(const std::string& path, const std::string& field) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  const host::Bytes bytes(first, first + text.size());
  const auto data = host::parse_data_options(R"({"fields": {"voice": )" + field + "}}");
  const auto& options = std::get<host::RecordingOptions>(data.fields.at(0).kind);
  for (int calls = 0; std::cin >> calls;) {
    const std::clock_t begun = std::clock();
    for (int call = 0; call < calls; ++call) host::recording_feature(bytes, options, path);
    const auto taken = static_cast<double>(std::clock() - begun);
    std::printf("%.9f\n", taken / CLOCKS_PER_SEC);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace weft::bench

int main(int count, char** words) {
  if (count != 3) {
    std::fprintf(stderr, "usage: log_mel_peer FILE FIELD\n");
    return 2;
  }
  try {
    return weft::bench::serve(words[1], words[2]);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "log_mel_peer: %s\n", problem.what());
    return 1;
  }
}
