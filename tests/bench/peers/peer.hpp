// SPDX-License-Identifier: Apache-2.0
/// What the programs of the scripts beside them have in common.

#pragma once

#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>

#include "host/data/storage/shard.hpp"

namespace weft::bench {

inline host::Bytes read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

/// A main(): 2 with the usage where the words are wrong, 1 with the reason where `serve` throws.
template <class Serve>
int run(bool is_usage_right, const char* usage, const Serve& serve) {
  if (!is_usage_right) {
    std::fprintf(stderr, "usage: %s\n", usage);
    return 2;
  }
  try {
    serve();
    return 0;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s: %s\n", std::string(usage, std::string(usage).find(' ')).c_str(),
                 problem.what());
    return 1;
  }
}

}  // namespace weft::bench
