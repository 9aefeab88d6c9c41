// SPDX-License-Identifier: Apache-2.0
/// How long a plug-in takes to compile and link, as an author without Weft's build does it, against
/// a source that only includes LibTorch's headers. Limit: 2 s. The processor's time is printed too:
/// on a busy machine it says what the wall clock would say on an idle one.

#include <sys/resource.h>

#include <algorithm>

#include "tests/bench/program.hpp"
#include "tests/support/recipes.hpp"

namespace weft::bench {
namespace {

/// What all programs that this one ran have taken of the processor.
double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Compilation {
  std::string name;
  std::vector<std::string> words;
  const char* limit = "";
  double processor = 1e9;  ///< seconds, the least
};

void measure(std::vector<Compilation> compilations) {
  std::vector<Way> ways;
  for (Compilation& one : compilations)
    ways.push_back({one.name, [&one] {
                      const double before = processor_seconds();
                      run(one.words);
                      one.processor = std::min(one.processor, processor_seconds() - before);
                    }});
  const std::vector<Timing> timings = side_by_side(ways, 3, 1);
  for (std::size_t i = 0; i < timings.size(); ++i)
    std::printf("%-28s %6.2f s, processor %6.2f s  x %.1f%s\n", timings[i].name.c_str(),
                timings[i].median, compilations[i].processor,
                compilations[i].processor / compilations[0].processor, compilations[i].limit);
}

}  // namespace
}  // namespace weft::bench

int main() {
  using namespace weft::bench;
  const weft::test::TemporaryFolder folder;
  const std::string tree = WEFT_SOURCE_DIR, headers = WEFT_TORCH_DIR "/include";
  const auto plugin = [&](const std::string& compiler) {
    return Compilation{
        "plug-in, " + compiler,
        {compiler, "-std=c++17", "-O2", "-fPIC", "-shared", "-fvisibility=hidden",
         "-I" + tree + "/sdk/include", tree + "/plugins/fusion/gated_cross_attention.cpp", "-o",
         folder.path("a.so")},
        "  (limit 2 s)"};
  };
  const std::string torch = folder.write("torch.cpp", "#include <ATen/ATen.h>\n");
  measure({plugin("g++"),
           plugin("clang++"),
           {"#include <ATen/ATen.h>, g++",
            {"g++", "-std=c++17", "-O2", "-fPIC", "-c", "-isystem", headers, torch, "-o",
             folder.path("torch.o")}}});
}
