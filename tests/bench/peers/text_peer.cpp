// SPDX-License-Identifier: Apache-2.0
/// One side of text.py: for each line of standard input, encodes the lines of TEXTS so many times
/// with the tokenizer FILE, and prints the seconds that took.
///
///     text_peer FILE TEXTS

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "host/data/text/tokenizer.hpp"
#include "tests/bench/peers/peer.hpp"

namespace weft::bench {
namespace {

void serve(const std::string& path, const std::string& texts) {
  const host::Tokenizer tokenizer = host::Tokenizer::load(path);
  std::ifstream file(texts, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  std::size_t ids = 0;
  for (int calls = 0; std::cin >> calls;) {
    const auto begun = std::chrono::steady_clock::now();
    for (int call = 0; call < calls; ++call) {
      for (const std::string& line : lines) ids += tokenizer.encode(line).size();
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    std::printf("%.9f %zu\n", taken.count(), ids);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace weft::bench

int main(int count, char** words) {
  return weft::bench::run(count == 3, "text_peer FILE TEXTS",
                          [&] { weft::bench::serve(words[1], words[2]); });
}
