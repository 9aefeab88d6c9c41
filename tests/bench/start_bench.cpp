// SPDX-License-Identifier: Apache-2.0
/// How long the program takes to say something, against the smallest program there is.

#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "tests/bench/side_by_side.hpp"

namespace weft::bench {
namespace {

/// Runs a program with its output thrown away, and waits for it.
void run(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1 /* O_WRONLY */, 0);
  pid_t child = 0;
  int status = 0;
  if (posix_spawn(&child, arguments[0], &quiet, nullptr, arguments.data(), environ) != 0 ||
      waitpid(child, &status, 0) != child || status != 0) {
    std::fprintf(stderr, "%s failed\n", words[0].c_str());
    std::exit(1);
  }
  posix_spawn_file_actions_destroy(&quiet);
}

Way command(const std::string& name, const std::vector<std::string>& words) {
  return {name, [words] { run(words); }};
}

}  // namespace
}  // namespace weft::bench

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
