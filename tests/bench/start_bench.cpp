// SPDX-License-Identifier: Apache-2.0
/// How long the program takes to say something, against the smallest program there is.

#include "tests/bench/program.hpp"

int main() {
  using namespace weft::bench;
  const std::string weft = WEFT_BINARY_DIR "/bin/weft";
  const std::string recipe = WEFT_SOURCE_DIR "/recipes/digits_qa.json";
  const std::vector<Timing> timings =
      side_by_side({command("/bin/true", {"/bin/true"}), command("weft --help", {weft, "--help"}),
                    command("weft plugin list", {weft, "plugin", "list"}),
                    command("weft check digits_qa", {weft, "check", recipe})},
                   30, 1);
  for (const Timing& timing : timings)
    std::printf("%-22s %7.1f ms  x %.1f\n", timing.name.c_str(), 1e3 * timing.median,
                timing.median / timings[0].median);
}
