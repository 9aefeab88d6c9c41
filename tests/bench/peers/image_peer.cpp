// SPDX-License-Identifier: Apache-2.0
/// One side of image.py: for each line of standard input, which is a number of rounds, decodes the
/// pictures FILE… so many times each, in turn, to the field FIELD, and prints the seconds that
/// took.
///
///     image_peer FIELD FILE…

#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "host/data/image.hpp"

namespace weft::bench {
namespace {

host::Bytes read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

int serve(const std::string& field, const std::vector<std::string>& paths) {
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
  return 0;
}

}  // namespace
}  // namespace weft::bench

int main(int count, char** words) {
  if (count < 3) {
    std::fprintf(stderr, "usage: image_peer FIELD FILE...\n");
    return 2;
  }
  try {
    return weft::bench::serve(words[1], {words + 2, words + count});
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "image_peer: %s\n", problem.what());
    return 1;
  }
}
