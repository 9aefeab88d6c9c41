// SPDX-License-Identifier: Apache-2.0
/// What a start costs that finds 100 plug-ins: each seen for the first time, and all known to the
/// cache. Limit of the latter: 10 ms.

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "host/registry/registry.hpp"
#include "tests/bench/side_by_side.hpp"
#include "tests/support/recipes.hpp"

namespace weft::bench {
namespace {

namespace fs = std::filesystem;

constexpr int k_plugins = 100;

/// Copies of the shipped plug-ins, each with other bytes behind the last that are read.
void fill(const fs::path& folder) {
  std::vector<fs::path> shipped;
  for (const auto& entry : fs::directory_iterator(WEFT_BINARY_DIR "/lib/weft/plugins"))
    shipped.push_back(entry.path());
  for (int i = 0; i < k_plugins; ++i) {
    const fs::path file = folder / (std::to_string(i) + ".so");
    fs::copy_file(shipped[static_cast<std::size_t>(i) % shipped.size()], file);
    std::ofstream(file, std::ios::app | std::ios::binary) << i;
  }
}

void scan(const fs::path& folder) {
  const host::Registry registry({folder});
  if (registry.rejected().empty() && registry.parts().size() == k_plugins) return;
  std::fprintf(stderr, "not all %d plug-ins were taken\n", k_plugins);
  std::exit(1);
}

void measure() {
  const test::TemporaryFolder plugins, cache;
  fill(plugins.path(""));
  ::setenv("WEFT_CACHE", cache.path("").c_str(), 1);
  const std::vector<Timing> timings = side_by_side({{"all known", [&] { scan(plugins.path("")); }},
                                                    {"none known",
                                                     [&] {
                                                       fs::remove_all(cache.path("plugins.json"));
                                                       scan(plugins.path(""));
                                                     }}},
                                                   9, 1);
  for (const Timing& timing : timings)
    std::printf("%d plug-ins, %-11s %8.1f ms  x %.1f%s\n", k_plugins, timing.name.c_str(),
                1e3 * timing.median, timing.median / timings[0].median,
                timing.name == "all known" ? "  (limit 10 ms)" : "");
}

}  // namespace
}  // namespace weft::bench

int main() {
  weft::bench::measure();
}
