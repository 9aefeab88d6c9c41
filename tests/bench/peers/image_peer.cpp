// SPDX-License-Identifier: Apache-2.0
/// One side of image.py: for each line of standard input, which is a number of rounds, decodes the
/// pictures FILE… so many times each, in turn, to the field FIELD, and prints the seconds that
/// took.
///
///     image_peer FIELD FILE…

#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "host/data/fields/options.hpp"
#include "host/data/image/image.hpp"
#include "tests/bench/peers/peer.hpp"

namespace weft::bench {
namespace {

void serve(const std::string& field, const std::vector<std::string>& paths) {
  std::vector<host::Bytes> pictures;
  for (const std::string& path : paths) pictures.push_back(read(path));
  const auto data = host::parse_data_options(R"({"fields": {"picture": )" + field + "}}");
  const auto& options = std::get<host::ImageOptions>(data.fields.at(0).kind);
  for (int rounds = 0; std::cin >> rounds;) {
    const std::clock_t begun = std::clock();
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < pictures.size(); ++i) {
        host::image_feature(pictures[i], options, paths[i]);
      }
    }
    const auto taken = static_cast<double>(std::clock() - begun);
    std::printf("%.9f\n", taken / CLOCKS_PER_SEC);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace weft::bench

int main(int count, char** words) {
  return weft::bench::run(count >= 3, "image_peer FIELD FILE...", [&] {
    weft::bench::serve(words[1], {words + 2, words + count});
  });
}
